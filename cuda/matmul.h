// Kernels of matrix products. Arguments as in Backend.
#pragma once

#include "stet/cuda/queue.h"
#include "stet/tensor/backend.h"

namespace stet::cuda_kernels {

void matmul(cuda::Queue& queue, const Tensor& a, const Tensor& b, const Tensor& y);
void linear(cuda::Queue& queue, const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation, const Tensor& y);

}  // namespace stet::cuda_kernels
