// Multi-head attention.
#pragma once

#include "stet/nn/linear.h"
#include "stet/nn/module.h"

namespace stet::nn {

struct MultiHeadAttentionOptions {
  bool causal = true;  ///< a position sees itself and those before it alone; stet::attention's own default is false
  bool bias = true;    ///< of both linear layers
  DType dtype = DType::float32;
};

/// Self-attention of Vaswani et al., 2017 (arXiv 1706.03762): x [B, T, width] to [B, T, width]. One linear layer makes
/// queries, keys and values, side by side in its result; `heads` heads of width / heads attend; another layer mixes
/// their results. Both start as Linear does, drawn from rng/qkv and rng/projection.
class MultiHeadAttention : public Module {
 public:
  /// Throws UsageError unless heads divides width.
  MultiHeadAttention(int64_t width, int64_t heads, const Rng& rng, const MultiHeadAttentionOptions& options = {});

  Tensor operator()(const Tensor& x) const;
  void members(Visitor& v) override;
  std::string describe() const override;

  Linear qkv;         ///< [3 width, width]
  Linear projection;  ///< [width, width]

 private:
  int64_t heads_;
  bool causal_;
};

}  // namespace stet::nn
