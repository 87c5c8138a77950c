// Compositions in public ops that define fused ops: their gradients' own gradients go through them, and tests hold
// kernels to them.
#pragma once

#include <array>

#include "stet/tensor/backend.h"
#include "stet/tensor/ops.h"

namespace stet::composed {

// Norms: ops/norm.cpp. Inputs in the public ops' shapes, checked by them.
BatchNorm batch_norm(const BatchNormInputs& in);
/// y is the result (used where there is an activation), and the statistics are its own; where gradients are recorded
/// they are computed again, so that they have one.
BatchNormGradients batch_norm_gradient(const BatchNormInputs& in, const BatchStatistics& kept, const Tensor& y,
                                       const Tensor& g);
Tensor batch_norm_evaluation(const BatchNormInputs& in, const BatchStatistics& statistics);
/// Of the rows of x [R, D], [R, 1] each.
RowStatistics row_statistics(const Tensor& x, double epsilon);
Tensor layer_norm(const LayerNormInputs& in);
LayerNormGradients layer_norm_gradient(const LayerNormInputs& in, const RowStatistics& kept, const Tensor& g);
Tensor group_norm(const GroupNormInputs& in);
Tensor rms_norm(const RmsNormInputs& in);

// ops/linear.cpp.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation);

// ops/convolution.cpp.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options);

// ops/gelu.cpp.
Tensor gelu(const Tensor& x);
/// That of x, for an upstream g.
Tensor gelu_gradient(const Tensor& g, const Tensor& x);

// ops/attention_composed.cpp and ops/attention.cpp.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options);
/// Those of q, k, v and a floating mask, else undefined. Without dropout.
std::array<Tensor, 4> attention_gradient(const Tensor& g, const Tensor& q, const Tensor& k, const Tensor& v,
                                         const AttentionOptions& options);
/// Gradients [.., heads, S, D] of keys or values by queries' heads, summed over those that share one.
Tensor sum_of_groups(const Tensor& g, int64_t group);
Tensor self_attention(const Tensor& qkv, int64_t heads, const AttentionOptions& options);
/// Those of qkv and a floating mask, else undefined. Without dropout.
std::array<Tensor, 2> self_attention_gradient(const Tensor& g, const Tensor& qkv, int64_t heads,
                                              const AttentionOptions& options);

// ops/lstm.cpp and ops/gru.cpp.
/// All of LstmResult; the initial state must be given.
LstmResult lstm(const Tensor& x, const LstmWeights& weights, const LstmState& initial, const Tensor& lengths = {});
/// Gradients of x, the weights in their order, and the initial state, for those of the output and of the last cell;
/// either may be undefined.
std::array<Tensor, 7> lstm_gradient(const Tensor& g, const Tensor& g_cell, const Tensor& x, const LstmWeights& weights,
                                    const LstmState& initial, const Tensor& lengths = {});
/// The output; the initial state must be given.
Tensor gru(const Tensor& x, const RecurrentWeights& weights, const Tensor& initial, const Tensor& lengths = {});
/// Gradients of x, the weights in their order, and the initial state.
std::array<Tensor, 6> gru_gradient(const Tensor& g, const Tensor& x, const RecurrentWeights& weights,
                                   const Tensor& initial, const Tensor& lengths = {});

// Softmax and cross-entropy: ops/softmax.cpp.
Tensor softmax(const Tensor& x, int axis);
Tensor log_softmax(const Tensor& x, int axis);
Tensor cross_entropy_rows(const Tensor& logits, const Tensor& target);
Tensor cross_entropy_gradient(const Tensor& logits, const Tensor& target, const Tensor& g);

/// clip_norm of update.h: ops/update.cpp.
Tensor clip_norm(std::span<Tensor* const> gradients, double max_norm);

}  // namespace stet::composed
