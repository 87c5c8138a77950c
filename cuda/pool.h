// Kernels of pooling and its gradients. Arguments as in Backend; each result is owned by one thread, which goes through
// its window, or through the windows that hold it, in the contract's order.
#pragma once

#include "stet/cuda/queue.h"
#include "stet/tensor/tensor.h"
#include "stet/tensor/window.h"

namespace stet::cuda_kernels {

void max_pool2d(cuda::Queue& queue, const Window& s, const Tensor& x, const Tensor& y, const Tensor& index);
void max_pool2d_gradient(cuda::Queue& queue, const Window& s, const Tensor& dy, const Tensor& index, const Tensor& dx);
void avg_pool2d(cuda::Queue& queue, const Window& s, const Tensor& x, const Tensor& y);
void avg_pool2d_gradient(cuda::Queue& queue, const Window& s, const Tensor& dy, const Tensor& dx);

}  // namespace stet::cuda_kernels
