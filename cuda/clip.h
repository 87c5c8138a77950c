// The kernels that clip gradients by their common norm. Arguments as in Backend.
#pragma once

#include <span>

#include "stet/cuda/queue.h"
#include "stet/tensor/tensor.h"

namespace stet::cuda_kernels {

void clip_norm(cuda::Queue& queue, double max_norm, std::span<const Tensor> gradients, std::span<const Tensor> to,
               const Tensor& norm);

}  // namespace stet::cuda_kernels
