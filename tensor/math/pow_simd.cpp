// The float32 power over arrays: in binary64 with a rounding test, and by GNU MPFR where that can't decide.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/math/pow_simd.cpp"
#include "stet/tensor/simd/targets.h"
// targets.h comes before Highway's.
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/math/functions-scalar.h"
#include "stet/tensor/math/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::math::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

void Pow(const float* x, const float* y, float* z, int64_t n) {
  for (int64_t i = 0; i < n; ++i) z[i] = math::pow(x[i], y[i]);
}

#else

#undef STET_LANES
#define STET_LANES HWY_INLINE
namespace functions {
#include "stet/tensor/math/functions-inl.h"
}  // namespace functions

void Pow(const float* x, const float* y, float* z, int64_t n) {
  const hn::Rebind<float, TagF64> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto base = hn::LoadU(d, x + i), exponent = hn::LoadU(d, y + i);
    const functions::Bounds bounds =
        functions::pow_bounds(hn::PromoteTo(TagF64(), base), hn::PromoteTo(TagF64(), exponent));
    const auto low = hn::DemoteTo(d, bounds.low), high = hn::DemoteTo(d, bounds.high);
    if (HWY_LIKELY(hn::AllTrue(d, low == high))) {
      hn::StoreU(low, d, z + i);
    } else {
      for (int64_t j = i; j < i + lanes; ++j) z[j] = math::pow(x[j], y[j]);
    }
  }
  for (; i < n; ++i) z[i] = math::pow(x[i], y[i]);
}

#endif

}  // namespace stet::math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include "stet/tensor/math/mpfr_scope.h"

namespace stet {
namespace math {

HWY_EXPORT(Pow);

float pow(float x, float y) {
  const scalar::Bounds bounds = scalar::pow_bounds(x, y);
  const float low = static_cast<float>(bounds.low), high = static_cast<float>(bounds.high);
  return low == high ? low : static_cast<float>(MpfrScope(kFloat32).pow(x, y));
}

void pow_vectors(const float* x, const float* y, float* z, int64_t n) { STET_DISPATCH(Pow)(x, y, z, n); }

}  // namespace math

void pow(const float* x, const float* y, float* z, int64_t n) { math::pow_vectors(x, y, z, n); }

}  // namespace stet

#endif
