// Shared by the losses' sources.
#pragma once

#include "stet/nn/loss.h"

namespace stet::nn {

Tensor reduce(const Tensor& values, Reduction reduction);

/// Throws UsageError naming the loss unless they are equal.
void require_equal_shapes(const char* loss, const Tensor& x, const Tensor& target);

}  // namespace stet::nn
