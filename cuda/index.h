// Kernels that copy elements by an index, and their adjoints. Arguments as in Backend.
#pragma once

#include "stet/cuda/queue.h"
#include "stet/tensor/tensor.h"

namespace stet::cuda_kernels {

void index_select(cuda::Queue& queue, const Tensor& x, const Tensor& index, const Tensor& y);
void index_add(cuda::Queue& queue, const Tensor& g, const Tensor& index, const Tensor& y);
void gather(cuda::Queue& queue, const Tensor& x, const Tensor& index, const Tensor& y);
void scatter_add(cuda::Queue& queue, const Tensor& g, const Tensor& index, const Tensor& y);

}  // namespace stet::cuda_kernels
