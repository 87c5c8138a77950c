// Kernels of softmax and cross-entropy along the last axis. Arguments as in Backend.
#pragma once

#include "stet/cuda/queue.h"
#include "stet/tensor/backend.h"

namespace stet::cuda_kernels {

void softmax(cuda::Queue& queue, const Tensor& x, const Tensor& y);
void softmax_gradient(cuda::Queue& queue, const Tensor& g, const Tensor& y, const Tensor& dx);
void log_softmax(cuda::Queue& queue, const Tensor& x, const Tensor& y);
void cross_entropy(cuda::Queue& queue, const Tensor& logits, const Tensor& target, const Tensor& loss,
                   const Tensor& exponentials, const Tensor& total);
void cross_entropy_gradient(cuda::Queue& queue, const Tensor& g, const Tensor& target, const Tensor& exponentials,
                            const Tensor& total, const Tensor& dx);

}  // namespace stet::cuda_kernels
