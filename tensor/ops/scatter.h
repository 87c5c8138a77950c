// Writing at indices. An index out of range throws DataError.
#pragma once

#include "stet/tensor/number.h"
#include "stet/tensor/tensor.h"

namespace stet {

/// x with source's elements in the place of those at their indices: y[.., index[.., j, ..], ..] = source[.., j, ..].
/// index (int64) and source have one shape, which is x's but along the axis. Where an index comes twice the last j
/// wins, and it alone has a gradient; what was written over has none.
Tensor scatter(const Tensor& x, int axis, const Tensor& index, const Tensor& source);
/// The same with one number at all indices.
Tensor scatter(const Tensor& x, int axis, const Tensor& index, Number value);

}  // namespace stet
