// The float32 functions over arrays, on the instruction set in use.
#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/math/elementary_simd.cpp"
#include "stet/tensor/simd/targets.h"
// targets.h comes before Highway's.
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/math/float-lanes-inl.h"
#include "stet/tensor/math/functions-scalar.h"
#include "stet/tensor/math/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::math::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

// Highway's own scalar vectors neither fuse nor overflow to infinity when they narrow.
namespace functions = ::stet::math::scalar;

template <auto kFunction> void Map(const float* x, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = static_cast<float>(kFunction(static_cast<double>(x[i])));
}

void MapExp(const float* x, float* y, int64_t n) { Map<functions::exp>(x, y, n); }
void MapErf(const float* x, float* y, int64_t n) { Map<functions::erf>(x, y, n); }

void MapSqrt(const float* x, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = std::sqrt(x[i]);
}

#else

namespace functions = pairs;

// As many floats as two vectors of doubles hold.
template <auto kFunction> HWY_INLINE void MapPair(const float* x, float* y) {
  const hn::Rebind<float, TagF64> half;
  const size_t lanes = hn::Lanes(half);
  const pairs::F64 result =
      kFunction({hn::PromoteTo(TagF64(), hn::LoadU(half, x)), hn::PromoteTo(TagF64(), hn::LoadU(half, x + lanes))});
  hn::StoreU(hn::DemoteTo(half, result.low), half, y);
  hn::StoreU(hn::DemoteTo(half, result.high), half, y + lanes);
}

// map(x, y, n) for n whole vectors, and once more for what is left.
template <class MapWhole> HWY_INLINE void MapVectors(const float* x, float* y, int64_t n, const MapWhole& map) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(TagF32())), whole = n / lanes * lanes;
  map(x, y, whole);
  if (whole == n) return;
  float rest[hn::MaxLanes(TagF32())] = {};
  std::copy(x + whole, x + n, rest);
  map(rest, rest, lanes);
  std::copy_n(rest, n - whole, y + whole);
}

template <auto kFunction> void Map(const float* x, float* y, int64_t n) {
  MapVectors(x, y, n, [](const float* from, float* to, int64_t count) HWY_ATTR {
    for (int64_t i = 0; i < count; i += static_cast<int64_t>(hn::Lanes(TagF32()))) MapPair<kFunction>(from + i, to + i);
  });
}

#if HWY_TARGET == HWY_AVX2
void MapExp(const float* x, float* y, int64_t n) {
  MapVectors(x, y, n, [](const float* from, float* to, int64_t count) HWY_ATTR {
    const TagF32 d;
    for (int64_t i = 0; i < count; i += static_cast<int64_t>(hn::Lanes(d)))
      hn::StoreU(Exp(hn::LoadU(d, from + i)), d, to + i);
  });
}
#else
void MapExp(const float* x, float* y, int64_t n) { Map<functions::exp>(x, y, n); }
#endif

void MapErf(const float* x, float* y, int64_t n) {
  MapVectors(x, y, n, [](const float* from, float* to, int64_t count) HWY_ATTR {
    ErfOfEach(
        count, [=](int64_t i) HWY_ATTR { return hn::LoadU(TagF32(), from + i); },
        [=](int64_t i, F32 erf) HWY_ATTR { hn::StoreU(erf, TagF32(), to + i); });
  });
}

void MapSqrt(const float* x, float* y, int64_t n) {
  const hn::ScalableTag<float> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(hn::Sqrt(hn::LoadU(d, x + i)), d, y + i);
  for (; i < n; ++i) y[i] = std::sqrt(x[i]);
}

#endif

void Apply(Elementary f, const float* x, float* y, int64_t n) {
  switch (f) {
    case Elementary::exp: return MapExp(x, y, n);
    case Elementary::expm1: return Map<functions::expm1>(x, y, n);
    case Elementary::log: return Map<functions::log>(x, y, n);
    case Elementary::log1p: return Map<functions::log1p>(x, y, n);
    case Elementary::tanh: return Map<functions::tanh>(x, y, n);
    case Elementary::sigmoid: return Map<functions::sigmoid>(x, y, n);
    case Elementary::erf: return MapErf(x, y, n);
    case Elementary::sqrt: return MapSqrt(x, y, n);
    case Elementary::sin: return Map<functions::sin>(x, y, n);
    case Elementary::cos: return Map<functions::cos>(x, y, n);
    case Elementary::sinpi: return Map<functions::sinpi>(x, y, n);
    case Elementary::cospi: return Map<functions::cospi>(x, y, n);
    case Elementary::tan: return Map<functions::tan>(x, y, n);
    case Elementary::asin: return Map<functions::asin>(x, y, n);
    case Elementary::acos: return Map<functions::acos>(x, y, n);
    case Elementary::atan: return Map<functions::atan>(x, y, n);
    case Elementary::sinh: return Map<functions::sinh>(x, y, n);
    case Elementary::cosh: return Map<functions::cosh>(x, y, n);
    case Elementary::log2: return Map<functions::log2>(x, y, n);
    case Elementary::log10: return Map<functions::log10>(x, y, n);
  }
}

}  // namespace stet::math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace stet {
namespace math {

HWY_EXPORT(Apply);

float exp(float x) { return static_cast<float>(scalar::exp(x)); }
float expm1(float x) { return static_cast<float>(scalar::expm1(x)); }
float log(float x) { return static_cast<float>(scalar::log(x)); }
float log1p(float x) { return static_cast<float>(scalar::log1p(x)); }
float tanh(float x) { return static_cast<float>(scalar::tanh(x)); }
float sigmoid(float x) { return static_cast<float>(scalar::sigmoid(x)); }
float erf(float x) { return static_cast<float>(scalar::erf(x)); }
float sqrt(float x) { return std::sqrt(x); }
float sin(float x) { return static_cast<float>(scalar::sin(x)); }
float cos(float x) { return static_cast<float>(scalar::cos(x)); }
float sinpi(float x) { return static_cast<float>(scalar::sinpi(x)); }
float cospi(float x) { return static_cast<float>(scalar::cospi(x)); }
float tan(float x) { return static_cast<float>(scalar::tan(x)); }
float asin(float x) { return static_cast<float>(scalar::asin(x)); }
float acos(float x) { return static_cast<float>(scalar::acos(x)); }
float atan(float x) { return static_cast<float>(scalar::atan(x)); }
float sinh(float x) { return static_cast<float>(scalar::sinh(x)); }
float cosh(float x) { return static_cast<float>(scalar::cosh(x)); }
float log2(float x) { return static_cast<float>(scalar::log2(x)); }
float log10(float x) { return static_cast<float>(scalar::log10(x)); }

void apply_vectors(Elementary f, const float* x, float* y, int64_t n) { STET_DISPATCH(Apply)(f, x, y, n); }

}  // namespace math

void apply(Elementary f, const float* x, float* y, int64_t n) { math::apply_vectors(f, x, y, n); }

}  // namespace stet

#endif
