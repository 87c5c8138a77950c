// What the kernels of recurrent layers share: products with a packed weight in register tiles. Include it after
// hwy/highway.h.
#if defined(STET_TENSOR_CPU_RECURRENT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef STET_TENSOR_CPU_RECURRENT_INL_H_
#undef STET_TENSOR_CPU_RECURRENT_INL_H_
#else
#define STET_TENSOR_CPU_RECURRENT_INL_H_
#endif

#include <algorithm>

#include "hwy/highway.h"
#include "stet/tensor/cpu/row-inl.h"
#include "stet/tensor/cpu/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
namespace recurrent {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
inline constexpr int64_t kWidth = hn::MaxLanes(D());

HWY_INLINE V load_some(const float* x, int64_t n) {
  return n < kWidth ? load_part(D(), x, n, 0.0f) : hn::LoadU(D(), x);
}

HWY_INLINE void store_some(V v, float* y, int64_t n) { n < kWidth ? store_part(D(), v, y, n) : hn::StoreU(v, D(), y); }

/// A row's sums over the whole of K: its chunks' chains, added in order.
template <int kRows, int kVectors>
HWY_INLINE void multiply(int64_t count, TileLeft<float> left, const float* b, int64_t ldb,
                         V (&total)[kRows][kVectors]) {
  set_zero(total);
  for (int64_t k = 0; k < count; k += kProductChunk) {
    const TileLeft<float> from = {left.data + k * left.k_stride, left.row_stride, left.k_stride};
    V sum[kRows][kVectors];
    set_zero(sum);
    multiply_add(std::min(kProductChunk, count - k), InPlace<float, kRows>(from, b + k * ldb, ldb), sum);
    HWY_UNROLL(16) for (int r = 0; r < kRows; ++r) {
      HWY_UNROLL(4) for (int v = 0; v < kVectors; ++v) total[r][v] = hn::Add(total[r][v], sum[r][v]);
    }
  }
}

/// Calls body<rows>() for the number of rows of a tile.
template <int kRows, class Body> HWY_INLINE void with_rows(int rows, const Body& body) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return with_rows<kRows - 1>(rows, body);
  }
  body.template operator()<kRows>();
}

/// Panels of a vector of units: [H, gates, kWidth], the lanes of units that are not there +0.
template <int kGates> int64_t pack_gates(const float* weight, int64_t units, float* to) {
  if (!to) return pieces_of(units, kWidth) * kWidth * kGates * units;
  for (int64_t unit = 0; unit < units; unit += kWidth) {
    const int64_t n = std::min(kWidth, units - unit);
    for (int64_t k = 0; k < units; ++k) {
      for (int64_t g = 0; g < kGates; ++g, to += kWidth) {
        const float* from = weight + (g * units + unit) * units + k;
        for (int64_t i = 0; i < kWidth; ++i) to[i] = i < n ? from[i * units] : 0;
      }
    }
  }
  return 0;
}

/// Panels of kTileVectors vectors of units: [gates H, lanes].
inline int64_t pack_units(const float* weight, int64_t gates, int64_t units, float* to) {
  constexpr int64_t kLanes = kTileVectors * kWidth;
  if (!to) return pieces_of(units, kLanes) * kLanes * gates * units;
  for (int64_t unit = 0; unit < units; unit += kLanes) {
    microkernel<float>().pack(weight + unit, std::min(kLanes, units - unit), gates * units, 1, units, kLanes,
                              to + unit * gates * units);
  }
  return 0;
}

}  // namespace recurrent
}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#endif
