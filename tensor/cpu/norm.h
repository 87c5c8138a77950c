// Batch norm and layer norm of the CPU, for float32 in one sweep a pass; docs/numerics.md defines every bit.
#pragma once

#include "stet/tensor/backend.h"

namespace stet::cpu_kernels {

void batch_norm(const BatchNormInputs& in, const Tensor& y, const BatchStatistics& statistics);
void batch_norm_evaluation(const BatchNormInputs& in, const BatchStatistics& statistics, const Tensor& y);
void batch_norm_gradient(const BatchNormInputs& in, const BatchStatistics& statistics, const Tensor& y, const Tensor& g,
                         const BatchNormGradients& to);
void layer_norm(const LayerNormInputs& in, const Tensor& y, const RowStatistics& statistics);
void layer_norm_gradient(const LayerNormInputs& in, const RowStatistics& statistics, const Tensor& g,
                         const LayerNormGradients& to);

}  // namespace stet::cpu_kernels
