// Compositions in public ops that define fused ops: their gradients' own gradients go through them, and tests hold kernels to them.
#pragma once

#include "stet/tensor/backend.h"
#include "stet/tensor/ops.h"

namespace stet::composed {

// Norms: ops/norm.cpp. Inputs in the public ops' shapes, checked by them.
BatchNorm batch_norm(const BatchNormInputs& in);
/// y is the result, and the statistics are its own; where gradients are recorded they are computed again, so that they have one.
BatchNormGradients batch_norm_gradient(const BatchNormInputs& in, const BatchStatistics& kept, const Tensor& y, const Tensor& g);
Tensor batch_norm_evaluation(const BatchNormInputs& in, const BatchStatistics& statistics);
Tensor layer_norm(const LayerNormInputs& in);
LayerNormGradients layer_norm_gradient(const LayerNormInputs& in, const RowStatistics& kept, const Tensor& g);

}  // namespace stet::composed
