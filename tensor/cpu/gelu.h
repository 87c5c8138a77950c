// The Gaussian error linear unit on the CPU.
#pragma once

#include "stet/tensor/tensor.h"

namespace stet::cpu_kernels {

void gelu(const Tensor& x, const Tensor& y);
void gelu_gradient(const Tensor& g, const Tensor& x, const Tensor& dx);

}  // namespace stet::cpu_kernels
