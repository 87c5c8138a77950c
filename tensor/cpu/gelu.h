// The Gaussian error linear unit on the CPU.
#pragma once

#include "stet/tensor/tensor.h"

namespace stet::cpu_kernels {

void gelu(const Tensor& x, const Tensor& y, const Tensor& one_plus_erf);
void gelu_gradient(const Tensor& g, const Tensor& x, const Tensor& one_plus_erf, const Tensor& dx);

}  // namespace stet::cpu_kernels
