// Recurrent layers as ops.
#pragma once

#include "stet/tensor/tensor.h"

namespace stet {

/// Of one layer of H units over I inputs; rows are gates in the order input, forget, cell, output. The biases may be
/// undefined.
struct LstmWeights {
  Tensor input;           ///< [4 H, I]
  Tensor recurrent;       ///< [4 H, H]
  Tensor input_bias;      ///< [4 H]
  Tensor recurrent_bias;  ///< [4 H]
};
/// Both [B, H]; one that is undefined is +0 as an initial state.
struct LstmState {
  Tensor hidden, cell;
};
struct LstmResult {
  Tensor output;  ///< [B, T, H]
  LstmState last;
};
/// Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000: x [B, T, I]. The initial state is +0
/// unless given.
LstmResult lstm(const Tensor& x, const LstmWeights& weights, const LstmState& initial = {});

}  // namespace stet
