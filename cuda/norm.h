// Kernels of batch norm and layer norm, in float32: of other types the ops are composed. Arguments as in Backend.
#pragma once

#include "stet/cuda/queue.h"
#include "stet/tensor/backend.h"

namespace stet::cuda_kernels {

void batch_norm(cuda::Queue& queue, const BatchNormInputs& in, const Tensor& y, const BatchStatistics& statistics);
void batch_norm_evaluation(cuda::Queue& queue, const BatchNormInputs& in, const BatchStatistics& statistics,
                           const Tensor& y);
void batch_norm_gradient(cuda::Queue& queue, const BatchNormInputs& in, const BatchStatistics& statistics,
                         const Tensor& y, const Tensor& g, const BatchNormGradients& to);
void layer_norm(cuda::Queue& queue, const LayerNormInputs& in, const Tensor& y, const RowStatistics& statistics);
void layer_norm_gradient(cuda::Queue& queue, const LayerNormInputs& in, const RowStatistics& statistics,
                         const Tensor& g, const LayerNormGradients& to);

}  // namespace stet::cuda_kernels
