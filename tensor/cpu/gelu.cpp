#include "stet/tensor/cpu/gelu.h"

#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/gelu.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once a target.
#include "hwy/highway.h"
#include "stet/tensor/math/float-lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
namespace fn = stet::math::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

constexpr float kSqrtHalf = 0x1.6a09e667f3bcdp-1;
constexpr float kTwoOverSqrtPi = 0x1.20dd750429b6dp0;

HWY_INLINE V Gelu(V x) {
  const D d;
  return hn::Mul(hn::Mul(x, hn::Set(d, 0.5f)), hn::Add(fn::Erf(hn::Mul(x, hn::Set(d, kSqrtHalf))), hn::Set(d, 1)));
}

HWY_INLINE V Gradient(V g, V x) {
  const D d;
  const V half = hn::Mul(x, hn::Set(d, 0.5f)), u = hn::Mul(x, hn::Set(d, kSqrtHalf));
  const V slope = hn::Mul(fn::Exp(hn::Neg(hn::Mul(u, u))), hn::Set(d, kTwoOverSqrtPi));
  const V through_erf = hn::Mul(hn::Mul(hn::Mul(g, half), slope), hn::Set(d, kSqrtHalf));
  const V through_half = hn::Mul(hn::Mul(g, hn::Add(fn::Erf(u), hn::Set(d, 1))), hn::Set(d, 0.5f));
  return hn::Add(through_erf, through_half);
}

// y[i] = f(a[i], b[i]); what is left of a vector goes through a padded one.
template <class F> HWY_INLINE void Map(const float* a, const float* b, float* y, int64_t n, const F& f) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(f(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, y + i);
  if (i == n) return;
  HWY_ALIGN float rest_a[hn::MaxLanes(d)] = {}, rest_b[hn::MaxLanes(d)] = {};
  for (int64_t j = i; j < n; ++j) rest_a[j - i] = a[j], rest_b[j - i] = b[j];
  hn::StoreU(f(hn::LoadU(d, rest_a), hn::LoadU(d, rest_b)), d, rest_a);
  for (int64_t j = i; j < n; ++j) y[j] = rest_a[j - i];
}

void GeluFloats(const float* x, float* y, int64_t n) {
  Map(x, x, y, n, [](V v, V) HWY_ATTR { return Gelu(v); });
}

void GeluGradientFloats(const float* g, const float* x, float* dx, int64_t n) {
  Map(g, x, dx, n, [](V p, V q) HWY_ATTR { return Gradient(p, q); });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include "stet/tensor/parallel.h"

namespace stet::cpu_kernels {

HWY_EXPORT(GeluFloats);
HWY_EXPORT(GeluGradientFloats);

namespace {
constexpr int64_t kGrain = 4096;  // elements; a few microseconds of work
}

void gelu(const Tensor& x, const Tensor& y) {
  const float* from = x.data_as<float>();
  float* to = y.mutable_data_as<float>();
  parallel_for(y.elements(), kGrain, [&](int64_t b, int64_t e) { STET_DISPATCH(GeluFloats)(from + b, to + b, e - b); });
}

void gelu_gradient(const Tensor& g, const Tensor& x, const Tensor& dx) {
  const float *upstream = g.data_as<float>(), *from = x.data_as<float>();
  float* to = dx.mutable_data_as<float>();
  parallel_for(dx.elements(), kGrain, [&](int64_t b, int64_t e) {
    STET_DISPATCH(GeluGradientFloats)(upstream + b, from + b, to + b, e - b);
  });
}

}  // namespace stet::cpu_kernels

#endif
