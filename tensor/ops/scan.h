// Running sums and products along an axis, and the product of elements.
#pragma once

#include "stet/tensor/ops/reduce.h"
#include "stet/tensor/tensor.h"

namespace stet {

/// y[i] = x[0] + … + x[i] along the axis. Of uint8 and bool in int64; of other integers in their dtype, wrapping
/// around.
Tensor cumsum(const Tensor& x, int axis);
/// y[i] = x[0] · … · x[i] likewise. Its gradient divides by nothing, so zeros have theirs.
Tensor cumprod(const Tensor& x, int axis);
/// The product over the axes (empty: all), 1 of nothing; `keep` leaves them with extent 1. dtypes and gradient as
/// cumprod's.
Tensor prod(const Tensor& x, const Axes& axes = {}, bool keep = false);

}  // namespace stet
