// The inner loops of pooling, on vectors of neighbouring outputs.
#pragma once

#include <cstdint>

namespace stet::cpu_kernels {

/// A row of windows that lie wholly in their plane, but for rows above and below it that are left out.
struct PoolRow {
  int64_t pitch;     ///< elements from one row of the plane to the next
  int64_t rows, kw;  ///< a window's extent
  int64_t stride;    ///< from window to window
  int64_t count;     ///< of windows
  int64_t first;     ///< the first window's place in the plane
};

template <class T> struct PoolKernels {
  /// Pools as many windows, from the first at `source` on, as make up whole vectors, and returns how many those are.
  /// `place`: the maximum's in the plane.
  int64_t (*max)(const PoolRow& row, const T* source, T* y, int64_t* place);
  /// Likewise; each sum is divided by `divisor`.
  int64_t (*avg)(const PoolRow& row, const T* source, T divisor, T* y);
};

/// The kernels for the instruction set in use; T is float or double.
template <class T> const PoolKernels<T>& pool_kernels();

}  // namespace stet::cpu_kernels
