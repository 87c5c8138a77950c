// Tiles of four-byte elements, transposed in registers.
#include "stet/tensor/cpu/copy.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/copy_simd.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "stet/tensor/cpu/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {

// Floats for what may be integers: loads, shuffles and stores leave bits alone.
void transpose_floats(const float* x, int64_t x_step, float* y, int64_t y_step, int64_t across_x, int64_t across_y) {
  // Sixteen lines that are a power of two apart would put each other out of the cache.
  const hn::CappedTag<float, 8> d;
  constexpr int64_t kLanes = hn::MaxLanes(d);
  int64_t i = 0;
  for (; i + kLanes <= across_x; i += kLanes) {
    int64_t j = 0;
    for (; j + kLanes <= across_y; j += kLanes) {
      hn::Vec<decltype(d)> r[kLanes];
      HWY_UNROLL(8) for (int64_t k = 0; k < kLanes; ++k) r[k] = hn::LoadU(d, x + (j + k) * x_step + i);
      TransposeSquare(r);
      HWY_UNROLL(8) for (int64_t k = 0; k < kLanes; ++k) hn::StoreU(r[k], d, y + (i + k) * y_step + j);
    }
    for (; j < across_y; ++j) {
      for (int64_t k = i; k < i + kLanes; ++k) y[k * y_step + j] = x[j * x_step + k];
    }
  }
  for (; i < across_x; ++i) {
    for (int64_t j = 0; j < across_y; ++j) y[i * y_step + j] = x[j * x_step + i];
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet::cpu_kernels {

HWY_EXPORT(transpose_floats);

void transpose_tile(const float* x, int64_t x_step, float* y, int64_t y_step, int64_t across_x, int64_t across_y) {
  STET_DISPATCH(transpose_floats)(x, x_step, y, y_step, across_x, across_y);
}

}  // namespace stet::cpu_kernels
#endif
