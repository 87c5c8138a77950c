// Where elements of tensors of one shape lie in memory that is laid out differently.
#pragma once

#include <array>
#include <cstdint>

#include "stet/cuda/dialect.h"
#include "stet/cuda/errors.h"
#include "stet/tensor/strided.h"

namespace stet::cuda {

inline constexpr int kMostAxes = 8;

/// N tensors of one shape, with axes merged where all of them allow it; for kernels, by value.
template <int N> struct Layout {
  int axes = 0;  // axis 0 is the innermost
  int64_t elements = 0;
  int64_t extents[kMostAxes];
  int64_t steps[kMostAxes][N];

  struct Offsets {
    int64_t of[N];  // in elements, one a tensor
  };
  /// The offsets of the element with this index in row-major order.
  __device__ Offsets at(int64_t index) const {
    Offsets o{};
    for (int a = 0; a < axes; ++a) {
      const int64_t i = a + 1 < axes ? index % extents[a] : index;
      index = a + 1 < axes ? index / extents[a] : 0;
      for (int t = 0; t < N; ++t) o.of[t] += i * steps[a][t];
    }
    return o;
  }
  /// Whether element i of every tensor lies at i.
  bool is_plain() const {
    if (axes != 1) return false;
    for (int t = 0; t < N; ++t) {
      if (steps[0][t] != 1) return false;
    }
    return true;
  }
};

/// Throws UsageError where more than kMostAxes axes are left.
template <int N> Layout<N> layout(const std::array<const Tensor*, static_cast<size_t>(N)>& tensors) {
  const StridedAxes<static_cast<size_t>(N)> merged(tensors);
  Layout<N> l;
  l.elements = tensors[0]->elements();
  const auto& extents = merged.extents();
  if (extents.size() > static_cast<size_t>(kMostAxes)) too_many_axes(static_cast<int>(extents.size()));
  for (size_t a = extents.size(); a-- > 0; ++l.axes) {
    l.extents[l.axes] = extents[a];
    for (size_t t = 0; t < static_cast<size_t>(N); ++t) l.steps[l.axes][t] = merged.all_steps()[a][t];
  }
  return l;
}

}  // namespace stet::cuda
