// Kernels that draw random numbers. Arguments as in Backend.
#pragma once

#include "stet/cuda/queue.h"
#include "stet/tensor/backend.h"

namespace stet::cuda_kernels {

void random(cuda::Queue& queue, Distribution d, const Draw& draw, const Tensor& y);
void dropout(cuda::Queue& queue, const Tensor& x, const Draw& draw, uint64_t threshold, double scale, const Tensor& y);

}  // namespace stet::cuda_kernels
