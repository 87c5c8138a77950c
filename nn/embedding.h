// Embedding: a row of a table for each index.
#pragma once

#include "stet/nn/module.h"
#include "stet/tensor/rng.h"

namespace stet::nn {

struct EmbeddingOptions {
  DType dtype = DType::float32;
};

/// y[.., :] = weight[index[..], :] for an index int64 [..], y [.., width]. The weight starts standard normal, drawn
/// from rng/weight.
class Embedding : public Module {
 public:
  /// Throws UsageError unless count and width are positive.
  Embedding(int64_t count, int64_t width, const Rng& rng, const EmbeddingOptions& options = {});

  /// Throws DataError on an index outside 0 … count-1.
  Tensor operator()(const Tensor& index) const;
  void members(Visitor& v) override;
  std::string describe() const override;

  Parameter weight;  ///< [count, width]
};

}  // namespace stet::nn
