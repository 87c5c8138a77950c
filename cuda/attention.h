// Kernels of attention. Arguments as in Backend.
#pragma once

#include "stet/cuda/queue.h"
#include "stet/tensor/backend.h"

namespace stet::cuda_kernels {

void attention(cuda::Queue& queue, const AttentionRule& rule, const AttentionInputs& in, const Tensor& o,
               const Tensor& extremes, const Tensor& totals);
void attention_gradient(cuda::Queue& queue, const AttentionRule& rule, const AttentionInputs& in, const Tensor& o,
                        const Tensor& extremes, const Tensor& totals, const Tensor& g,
                        const AttentionInputs& gradients);

}  // namespace stet::cuda_kernels
