// Indexing. An index out of range throws DataError.
#pragma once

#include "stet/tensor/tensor.h"

namespace stet {

/// Rows of x along an axis: index int64 [m].
Tensor index_select(const Tensor& x, int axis, const Tensor& index);
/// y[.., j, ..] = x[.., index[.., j, ..], ..]: index int64 of x's rank.
Tensor gather(const Tensor& x, int axis, const Tensor& index);
/// The adjoint of gather: +0, plus g's elements at their indices, in ascending position; `extent` along the axis.
Tensor scatter_add(const Tensor& g, int axis, const Tensor& index, int64_t extent);
/// int64 [..] to [.., classes]: 1 at each index, 0 elsewhere.
Tensor one_hot(const Tensor& index, int64_t classes, DType dtype = DType::float32);

}  // namespace stet
