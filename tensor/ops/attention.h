// Attention.
#pragma once

#include <optional>

#include "stet/tensor/rng.h"
#include "stet/tensor/tensor.h"

namespace stet {

/// Which keys a query sees (of T queries and S keys), and what becomes of the scores. What several options hide is
/// hidden; a query that sees no key gets zeros.
struct AttentionOptions {
  bool causal = false;  ///< query i sees keys up to i + S - T: its own and those before, where they end together
  /// Broadcast to [.., T, S]. Bool: true is seen. Floating: added to the scaled scores, with a gradient; -infinity
  /// hides a key.
  Tensor mask = {};
  /// int64 [B], B the first axis: the first lengths[b] keys are there. They are looked at, and may lie, on the CPU.
  Tensor lengths = {};
  int64_t kv_heads = 0;  ///< heads (axis -3) of k and v, which each serve as many of q's, one after another; 0: as q
  std::optional<double> scale = std::nullopt;  ///< of the products, finite; 1 / sqrt(D) unless given
  /// Each weight becomes 0 with this probability, and the others are divided by 1 - dropout, as `draws` has it. The
  /// weights are then in memory as a whole.
  double dropout = 0;
  Stream* draws = nullptr;
};
/// Vaswani et al., 2017 (arXiv 1706.03762): softmax(q k^T scale + mask) v for q [.., T, D], k [.., S, D], v [.., S, E]
/// with the same leading axes; result [.., T, E]. The T x S weights are never in memory as a whole. Grouped heads:
/// Ainslie et al., 2023 (arXiv 2305.13245). Throws UsageError where shapes don't fit, DataError on a length past S.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options = {});
/// The same with several heads and all three from one tensor: qkv [.., T, (heads + 2 kv_heads) D] holds queries, keys
/// and values side by side, each of heads of D; kv_heads = heads unless given. Result [.., T, heads D], the heads side
/// by side. The mask is broadcast to [B, heads, T, T], B the product of the leading axes.
Tensor self_attention(const Tensor& qkv, int64_t heads, const AttentionOptions& options = {});

}  // namespace stet
