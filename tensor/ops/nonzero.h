// Where a tensor is not zero.
#pragma once

#include "stet/tensor/tensor.h"

namespace stet {

/// int64 [count, rank]: the indices of the elements that are not zero (NaN is not; of bool, those that are true), in
/// row-major order. No gradient. Waits for x's device, as its shape depends on x's values.
Tensor nonzero(const Tensor& x);

}  // namespace stet
