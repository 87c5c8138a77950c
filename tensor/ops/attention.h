// Attention.
#pragma once

#include <optional>

#include "stet/tensor/tensor.h"

namespace stet {

struct AttentionOptions {
  bool causal = false;                         ///< query i sees keys 0 … i alone; there are as many keys as queries
  std::optional<double> scale = std::nullopt;  ///< of the products; 1 / sqrt(D) unless given
};
/// Vaswani et al., 2017 (arXiv 1706.03762): softmax(q k^T scale) v for q [.., T, D], k [.., S, D], v [.., S, E] with
/// the same leading axes; result [.., T, E]. The T x S weights are never in memory as a whole.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options = {});
/// The same with several heads and all three from one tensor: qkv [.., T, 3 C] holds queries, keys and values side by
/// side, each of `heads` heads of C / heads. Result [.., T, C], the heads side by side.
Tensor self_attention(const Tensor& qkv, int64_t heads, const AttentionOptions& options = {});

}  // namespace stet
