// Order along an axis, and what comes first in it. NaN is larger than every number, -0 equals +0, and of equals the
// lowest index comes first, whichever the direction.
#pragma once

#include "stet/tensor/tensor.h"

namespace stet {

/// Elements chosen along an axis, and their int64 indices there. A gradient goes to the chosen elements alone.
struct IndexedValues {
  Tensor values, indices;
};

/// Both of x's shape. Stable.
IndexedValues sort(const Tensor& x, int axis = -1, bool descending = false);
/// The indices alone, int64.
Tensor argsort(const Tensor& x, int axis = -1, bool descending = false);
/// The first k of sort() along the axis, descending where the largest are asked for. Throws UsageError unless k is from
/// 0 to the axis's extent.
IndexedValues topk(const Tensor& x, int64_t k, int axis = -1, bool largest = true);
/// The largest (smallest) along an axis and its index, the lowest of equals; the first NaN wins. Its gradient goes to
/// that element alone: max() and min() share it.
IndexedValues max_with_indices(const Tensor& x, int axis = -1, bool keep = false);
IndexedValues min_with_indices(const Tensor& x, int axis = -1, bool keep = false);

}  // namespace stet
