// What other kernels use of the element-by-element ones.
#pragma once

#include "stet/cuda/queue.h"
#include "stet/tensor/tensor.h"

namespace stet::cuda_kernels {

/// The kernel of its name, for kernels that end in a copy.
void copy(cuda::Queue& queue, const Tensor& x, const Tensor& y);

}  // namespace stet::cuda_kernels
