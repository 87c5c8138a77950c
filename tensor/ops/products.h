// Products of matrices.
#pragma once

#include "stet/tensor/activation.h"
#include "stet/tensor/tensor.h"

namespace stet {

/// [.., m, k] x [.., k, n]: batch axes broadcast; a vector [k] on either side is a row or a column whose axis goes
/// away.
Tensor matmul(const Tensor& a, const Tensor& b);
/// x [.., in], weight [out, in], bias [out] or undefined: x weight^T + bias, then the activation.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, Activation activation = Activation::none);

}  // namespace stet
