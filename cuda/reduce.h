// Kernels of reductions. Arguments as in Backend.
#pragma once

#include <vector>

#include "stet/cuda/queue.h"
#include "stet/tensor/backend.h"

namespace stet::cuda_kernels {

void reduce(cuda::Queue& queue, Reduce op, const Tensor& x, const std::vector<bool>& reduced, const Tensor& y);
void arg_extreme(cuda::Queue& queue, Reduce op, const Tensor& x, int axis, const Tensor& y);

}  // namespace stet::cuda_kernels
