// What the recurrent layers' ops share.
#pragma once

#include "stet/tensor/ops/lstm.h"

namespace stet::recurrent {

/// [B, T, ..] to [T, B, ..] and back.
Tensor swap_time(const Tensor& x);

/// The i-th of n blocks of the last axis.
Tensor block(const Tensor& x, int64_t i, int64_t n);

/// Throws UsageError naming op unless the shapes of a layer of `gates` gates fit, its states given or not.
void check(const char* op, int64_t gates, const Tensor& x, const RecurrentWeights& weights,
           std::initializer_list<Tensor> states);

/// lengths int64 [B] on x's device, or undefined where they are. Throws UsageError, or DataError on one past T.
Tensor checked_lengths(const char* op, const Tensor& lengths, const Tensor& x);

/// Whether each row has step t: bool [B, 1].
Tensor has_step(const Tensor& lengths, int64_t t);

/// x [B, T, ..], +0 past the lengths; x itself where they are undefined.
Tensor within(const Tensor& x, const Tensor& lengths);

/// a where a row has step t, else b; a itself where lengths are undefined.
Tensor at_step(const Tensor& lengths, int64_t t, const Tensor& a, const Tensor& b);

/// The last step of each row of output [B, T, H], or the initial state of a row that has none.
Tensor last_of(const Tensor& output, const Tensor& lengths, const Tensor& initial);

/// Those of a layer's tensors that are inputs of its op: x, the weights and what biases there are, the states.
std::vector<Tensor> inputs(const Tensor& x, const RecurrentWeights& w, std::initializer_list<Tensor> states);
/// Gradients in that order, of all that a layer may have: x, the four weights, the states.
std::vector<Tensor> gradients_of(const RecurrentWeights& w, std::span<const Tensor> all);

/// Contiguous, without a gradient; an undefined one stays so.
Tensor detached(const Tensor& x);

}  // namespace stet::recurrent
