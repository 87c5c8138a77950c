// Embedding: a row of a table for each index; and sums of such rows.
#pragma once

#include <optional>

#include "stet/nn/module.h"
#include "stet/tensor/rng.h"

namespace stet::nn {

struct EmbeddingOptions {
  /// This row starts at 0 and gets no gradient; negative counts from the end. EmbeddingBag leaves it out of its bags.
  std::optional<int64_t> padding_idx = std::nullopt;
  DType dtype = DType::float32;
};

/// y[.., :] = weight[index[..], :] for an index int64 [..], y [.., width]. The weight starts standard normal, drawn
/// from rng/weight.
class Embedding : public Module {
 public:
  /// Throws UsageError unless count and width are positive, and the padding index is one of the rows.
  Embedding(int64_t count, int64_t width, const Rng& rng, const EmbeddingOptions& options = {});

  /// Throws DataError on an index outside 0 … count-1.
  Tensor operator()(const Tensor& index) const;
  void members(Visitor& v) override;
  std::string describe() const override;

  Parameter weight;  ///< [count, width]

 private:
  std::optional<int64_t> padding_;  // counted from the front
};

enum class Bag { sum, mean };

struct EmbeddingBagOptions {
  Bag mode = Bag::mean;
  std::optional<int64_t> padding_idx = std::nullopt;  ///< as in EmbeddingOptions
  DType dtype = DType::float32;
};

/// The sum or mean of the rows of each bag of indices, without the rows of single indices in the result. A bag of none
/// gives 0.
class EmbeddingBag : public Module {
 public:
  /// Throws as Embedding does.
  EmbeddingBag(int64_t count, int64_t width, const Rng& rng, const EmbeddingBagOptions& options = {});

  /// Bags of one size: index int64 [B, L], the result [B, width].
  Tensor operator()(const Tensor& index) const;
  /// Bags of any sizes one after another in index [n]: bag b begins at offsets[b], and the last one ends with the
  /// index. offsets int64 [B] begins with 0 and never descends, else it throws DataError.
  Tensor operator()(const Tensor& index, const Tensor& offsets) const;
  void members(Visitor& v) override;
  std::string describe() const override;

  Embedding embedding;

 private:
  Tensor bags(const Tensor& index, const Tensor& bag, int64_t count) const;

  Bag mode_;
  std::optional<int64_t> padding_;
};

}  // namespace stet::nn
