#include "stet/tensor/finite.h"

#include <cmath>

#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/finite_simd.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once a target.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace stet {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class T> bool finite_vectors(const T* x, int64_t n) {
  const hn::ScalableTag<T> d;
  const hn::RebindToSigned<decltype(d)> di;
  constexpr int64_t kWidth = hn::MaxLanes(d);
  // What is not finite has an exponent of ones: infinity's bits.
  const auto exponent = hn::BitCast(di, hn::Inf(d));
  auto found = hn::Zero(di);
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) {
    const auto bits = hn::And(hn::BitCast(di, hn::LoadU(d, x + i)), exponent);
    found = hn::Or(found, hn::VecFromMask(di, hn::Eq(bits, exponent)));
  }
  bool finite = hn::AllTrue(di, hn::Eq(found, hn::Zero(di)));
  for (; i < n; ++i) finite = finite && std::isfinite(x[i]);
  return finite;
}

}  // namespace

bool finite_floats(const float* x, int64_t n) { return finite_vectors(x, n); }
bool finite_doubles(const double* x, int64_t n) { return finite_vectors(x, n); }

}  // namespace HWY_NAMESPACE
}  // namespace stet
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet {

HWY_EXPORT(finite_floats);
HWY_EXPORT(finite_doubles);

bool all_finite(const float* x, int64_t n) { return STET_DISPATCH(finite_floats)(x, n); }
bool all_finite(const double* x, int64_t n) { return STET_DISPATCH(finite_doubles)(x, n); }

}  // namespace stet
#endif
