// Recurrent layers as ops.
#pragma once

#include "stet/tensor/tensor.h"

namespace stet {

/// Of one layer of H units over I inputs; rows are gates, G of them, in the order that the op says. The biases may be
/// undefined.
struct RecurrentWeights {
  Tensor input;           ///< [G H, I]
  Tensor recurrent;       ///< [G H, H]
  Tensor input_bias;      ///< [G H]
  Tensor recurrent_bias;  ///< [G H]
};

using LstmWeights = RecurrentWeights;  ///< gates input, forget, cell, output
/// Both [B, H]; one that is undefined is +0 as an initial state.
struct LstmState {
  Tensor hidden, cell;
};
struct LstmResult {
  Tensor output;  ///< [B, T, H]
  LstmState last;
};
/// Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000: x [B, T, I]. The initial state is +0
/// unless given. `lengths` int64 [B]: row b ends after so many steps; past them its output is +0, and the last state is
/// its own last one. They are looked at, and may lie, on the CPU. Throws UsageError where shapes don't fit, DataError
/// on a length past T.
LstmResult lstm(const Tensor& x, const LstmWeights& weights, const LstmState& initial = {}, const Tensor& lengths = {});

struct RecurrentResult {
  Tensor output;  ///< [B, T, H]
  Tensor last;    ///< [B, H]
};
/// Cho et al., 2014 (arXiv 1406.1078), as PyTorch has it: gates reset, update, new, where the reset gate meets the new
/// one's part of the state, bias included. Initial state, lengths and errors as of lstm.
RecurrentResult gru(const Tensor& x, const RecurrentWeights& weights, const Tensor& initial = {},
                    const Tensor& lengths = {});

enum class Nonlinearity { tanh, relu };
/// Elman, 1990: h' = f(W x + b + R h + r), one gate. Initial state, lengths and errors as of lstm.
RecurrentResult rnn(const Tensor& x, const RecurrentWeights& weights, Nonlinearity f = Nonlinearity::tanh,
                    const Tensor& initial = {}, const Tensor& lengths = {});

}  // namespace stet
