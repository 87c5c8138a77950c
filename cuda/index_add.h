// Sums of rows by an index: the adjoint of a choice of rows.
#pragma once

#include <cstdint>
#include <type_traits>

#include "stet/cuda/dialect.h"
#include "stet/cuda/fault.h"
#include "stet/cuda/queue.h"
#include "stet/tensor/scalar_ops.h"

namespace stet::cuda {

/// y [outer, n, inner] takes sums of g [outer, m, inner].
struct AddShape {
  int64_t outer, n, m, inner;
};

template <class T> __device__ __forceinline__ void accumulate(T& to, T value) {
  if constexpr (std::is_same_v<T, bool>) to = to || value;
  else to = scalar_ops::add(to, value);
}

/// y[:, r, :] = +0 + the sum of g[:, j, :] over the j whose index[j] is r, in ascending order; index [m] on the device.
/// Nothing in `shape` but m may be 0. A wrong index is reported as `kind`.
template <class T>
void add_rows(Queue& queue, const T* g, const int64_t* index, T* y, const AddShape& shape, Fault::Kind kind);

}  // namespace stet::cuda
