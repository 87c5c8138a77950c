// Shared by the metrics' sources.
#pragma once

#include "stet/tensor/tensor.h"

namespace stet::nn {

/// Throws UsageError naming the metric where targets are of a floating dtype.
void require_class_numbers(const char* metric, const Tensor& target);

/// The prediction with its axis of classes as the last one. Throws UsageError naming the metric unless its other axes
/// are the target's.
Tensor with_classes_last(const char* metric, const Tensor& prediction, const Tensor& target, int axis);

}  // namespace stet::nn
