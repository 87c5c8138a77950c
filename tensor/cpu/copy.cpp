#include "stet/tensor/cpu/copy.h"

#include <algorithm>
#include <cstring>

#include "stet/tensor/cpu/strided.h"

namespace stet::cpu_kernels {
namespace {

// Elements of one size are copied alike.
template <class T> T* data(const Tensor& t) { return reinterpret_cast<T*>(t.mutable_data_as<std::byte>()); }

// Rows and columns of a tile: it fits into the first cache however far apart they are in memory.
constexpr int64_t kTile = 32;

// A tile whose rows lie side by side in x, and whose columns in y. It goes through a buffer, since lines that are a
// power of two apart would put each other out of the cache; elements of four bytes, through registers.
template <class T>
void copy_tile(const T* x, int64_t x_step, T* y, int64_t y_step, int64_t across_x, int64_t across_y) {
  if constexpr (sizeof(T) == 4) {
    return transpose_tile(x, x_step, y, y_step, across_x, across_y);
  } else {
    T tile[kTile][kTile + 1];
    for (int64_t j = 0; j < across_y; ++j) {
      const T* from = x + j * x_step;
      for (int64_t i = 0; i < across_x; ++i) tile[i][j] = from[i];
    }
    for (int64_t i = 0; i < across_x; ++i)
      std::memcpy(y + i * y_step, tile[i], static_cast<size_t>(across_y) * sizeof(T));
  }
}

// As a transposed view becomes contiguous: x's elements lie side by side along one axis, y's along another. False where
// it isn't so.
template <class T> bool copy_tiled(const Tensor& x, const Tensor& y, const StridedAxes<2>& axes) {
  const auto& extents = axes.extents();
  const auto& steps = axes.all_steps();
  const size_t last = extents.size() - 1;
  if (steps[last][1] != 1) return false;
  size_t axis = 0;
  while (axis < last && steps[axis][0] != 1) ++axis;
  if (axis == last || extents[axis] < 4 || extents[last] < 4) return false;

  const int64_t m = extents[axis], n = extents[last], tiles = (m + kTile - 1) / kTile;
  const int64_t outer = axes.elements() / (m * n), grain = std::max<int64_t>(1, kElementGrain / (kTile * n));
  parallel_for(outer * tiles, grain, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t first = t % tiles * kTile, count = std::min(kTile, m - first);
      const T* from = data<T>(x) + first;
      T* to = data<T>(y) + first * steps[axis][1];
      for (int64_t rest = t / tiles, k = static_cast<int64_t>(last) - 1; k >= 0; --k) {
        const auto at = static_cast<size_t>(k);
        if (at == axis) continue;
        from += rest % extents[at] * steps[at][0];
        to += rest % extents[at] * steps[at][1];
        rest /= extents[at];
      }
      for (int64_t j = 0; j < n; j += kTile)
        copy_tile(from + j * steps[last][0], steps[last][0], to + j, steps[axis][1], count, std::min(kTile, n - j));
    }
  });
  return true;
}

template <class T> void copy_sized(const Tensor& x, const Tensor& y) {
  const StridedLoop<2> loop({&x, &y});
  if (loop.elements() == 0) return;
  const auto [sx, sy] = loop.steps();
  if (sx != 1 && copy_tiled<T>(x, y, loop)) return;
  loop.for_rows([&, sx = sx, sy = sy](const auto& at, int64_t n) {
    const T* from = data<T>(x) + at[0];
    T* to = data<T>(y) + at[1];
    if (sx == 1 && sy == 1) std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
    else
      for (int64_t i = 0; i < n; ++i) to[i * sy] = from[i * sx];
  });
}

}  // namespace

void copy_elements(const Tensor& x, const Tensor& y) {
  switch (size_of(x.dtype())) {
    case 1: return copy_sized<uint8_t>(x, y);
    case 4: return copy_sized<float>(x, y);  // integers too: bits are copied
    default: return copy_sized<uint64_t>(x, y);
  }
}

}  // namespace stet::cpu_kernels
