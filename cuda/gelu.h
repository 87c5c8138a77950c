// Kernels of gelu. Arguments as in Backend.
#pragma once

#include "stet/cuda/queue.h"
#include "stet/tensor/tensor.h"

namespace stet::cuda_kernels {

void gelu(cuda::Queue& queue, const Tensor& x, const Tensor& y, const Tensor& one_plus_erf);
void gelu_gradient(cuda::Queue& queue, const Tensor& g, const Tensor& x, const Tensor& one_plus_erf, const Tensor& dx);

}  // namespace stet::cuda_kernels
