// Kernels of the ops that take tensors element by element. Arguments as in Backend.
#pragma once

#include "stet/cuda/queue.h"
#include "stet/tensor/backend.h"

namespace stet::cuda_kernels {

void copy(cuda::Queue& queue, const Tensor& x, const Tensor& y);
void fill(cuda::Queue& queue, double value, const Tensor& y);
void unary(cuda::Queue& queue, Unary op, const Tensor& x, const Tensor& y);
void binary(cuda::Queue& queue, Binary op, const Tensor& a, const Tensor& b, const Tensor& y);
void where(cuda::Queue& queue, const Tensor& condition, const Tensor& a, const Tensor& b, const Tensor& y);

}  // namespace stet::cuda_kernels
