// Multi-head attention.
#pragma once

#include <optional>

#include "stet/nn/kv_cache.h"
#include "stet/nn/linear.h"
#include "stet/nn/module.h"
#include "stet/nn/positions.h"
#include "stet/tensor/ops/attention.h"

namespace stet::nn {

struct MultiHeadAttentionOptions {
  bool causal = true;  ///< a position sees itself and those before it alone; stet::attention's own default is false
  bool bias = true;    ///< of both linear layers
  DType dtype = DType::float32;
  int64_t kv_heads = 0;                                ///< heads of keys and values; 0: as many as of queries
  double dropout = 0;                                  ///< of the weights, in training, drawn from rng/dropout
  std::optional<RotaryOptions> rotary = std::nullopt;  ///< `RotaryOptions{}` turns queries and keys by their positions
};

/// What a call says of its keys.
struct AttentionCall {
  Tensor mask = {};     ///< broadcast to [B, heads, T, S]: as stet::attention's
  Tensor lengths = {};  ///< int64 [B], as stet::attention's
  /// Of this layer. In self-attention x holds the positions behind those that it has; in cross-attention, the keys and
  /// values of the first call stay.
  KvCache::Layer* cache = nullptr;
};

/// Vaswani et al., 2017 (arXiv 1706.03762): x [B, T, width] to [B, T, width]. One linear layer makes queries, keys and
/// values, side by side in its result; `heads` heads of width / heads attend; another layer mixes their results. Both
/// start as Linear does, drawn from rng/qkv and rng/projection.
class MultiHeadAttention : public Module {
 public:
  /// Throws UsageError unless heads divides width, and kv_heads heads.
  MultiHeadAttention(int64_t width, int64_t heads, const Rng& rng, const MultiHeadAttentionOptions& options = {});

  /// Self-attention.
  Tensor operator()(const Tensor& x, const AttentionCall& call = {}) const;
  /// Cross-attention: queries of x, keys and values of memory [B, S, width]. It is never causal, and turns nothing.
  Tensor operator()(const Tensor& x, const Tensor& memory, const AttentionCall& call = {}) const;
  /// Keys and values of different tensors, both [B, S, width]; otherwise as cross-attention.
  Tensor operator()(const Tensor& queries, const Tensor& keys, const Tensor& values,
                    const AttentionCall& call = {}) const;
  void members(Visitor& v) override;
  std::string describe() const override;

  Linear qkv;         ///< [width + 2 kv_heads width / heads, width]
  Linear projection;  ///< [width, width]

 private:
  // The rows of qkv from one part's first to another's last: 0 queries, 1 keys, 2 values.
  Tensor project(const Tensor& x, int64_t first, int64_t last) const;
  Tensor heads_of(const Tensor& x, int64_t heads) const;
  Tensor mix(const Tensor& q, const KvCache::Pair& kv, const AttentionCall& call, bool causal) const;
  AttentionOptions options_of(const AttentionCall& call, bool causal) const;

  int64_t heads_, kv_heads_;
  bool causal_;
  double dropout_;
  std::optional<RotaryEmbedding> rotary_;
  mutable std::optional<Stream> draws_;  // it counts its draws
};

}  // namespace stet::nn
