// Writing at indices. An index out of range throws DataError.
#pragma once

#include <initializer_list>

#include "stet/tensor/index.h"
#include "stet/tensor/number.h"
#include "stet/tensor/tensor.h"

namespace stet {

/// x with source's elements in the place of those at their indices: y[.., index[.., j, ..], ..] = source[.., j, ..].
/// index (int64) and source have one shape, which is x's but along the axis. Where an index comes twice the last j
/// wins, and it alone has a gradient; what was written over has none.
Tensor scatter(const Tensor& x, int axis, const Tensor& index, const Tensor& source);
/// The same with one number at all indices.
Tensor scatter(const Tensor& x, int axis, const Tensor& index, Number value);

/// x with values in the place of x(indices...), to whose shape they broadcast: PyTorch's x[i, j] = values is
/// `index_put(x, {i, j}, values)`, and x[:, mask] = 0 `index_put(x, {{}, mask}, 0)`. Where a place comes twice the last
/// one wins, and it alone has a gradient. With `accumulate` values are added instead, those of one place in order, and
/// all have gradients.
Tensor index_put(const Tensor& x, std::initializer_list<Index> indices, const Tensor& values, bool accumulate = false);
/// The same with one number at all places.
Tensor index_put(const Tensor& x, std::initializer_list<Index> indices, Number value, bool accumulate = false);

}  // namespace stet
