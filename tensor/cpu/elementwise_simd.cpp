// The plainest ops on floats, compiled for every instruction set.
#include <cmath>

#include "stet/tensor/cpu/elementwise.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/elementwise_simd.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "stet/tensor/simd/maximum-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
using stet::HWY_NAMESPACE::Maximum;
using stet::HWY_NAMESPACE::Minimum;
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

template <class F>
HWY_INLINE void zip(const float* a, int64_t a_step, const float* b, int64_t b_step, float* y, int64_t n, const F& f) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  if (n >= lanes) {
    V va = hn::Set(d, *a), vb = hn::Set(d, *b);
    for (; i + lanes <= n; i += lanes) {
      if (a_step) va = hn::LoadU(d, a + i);
      if (b_step) vb = hn::LoadU(d, b + i);
      hn::StoreU(f(va, vb), d, y + i);
    }
  }
  for (; i < n; ++i) y[i] = hn::GetLane(f(hn::Set(d, a[i * a_step]), hn::Set(d, b[i * b_step])));
}

void binary_floats(Binary op, const float* a, int64_t a_step, const float* b, int64_t b_step, float* y, int64_t n) {
  switch (op) {
    case Binary::add: return zip(a, a_step, b, b_step, y, n, [](V p, V q) HWY_ATTR { return hn::Add(p, q); });
    case Binary::sub: return zip(a, a_step, b, b_step, y, n, [](V p, V q) HWY_ATTR { return hn::Sub(p, q); });
    case Binary::mul: return zip(a, a_step, b, b_step, y, n, [](V p, V q) HWY_ATTR { return hn::Mul(p, q); });
    case Binary::div: return zip(a, a_step, b, b_step, y, n, [](V p, V q) HWY_ATTR { return hn::Div(p, q); });
    case Binary::maximum: return zip(a, a_step, b, b_step, y, n, [](V p, V q) HWY_ATTR { return Maximum(p, q); });
    case Binary::minimum: return zip(a, a_step, b, b_step, y, n, [](V p, V q) HWY_ATTR { return Minimum(p, q); });
    default:
      return zip(a, a_step, b, b_step, y, n,
                 [](V g, V v) HWY_ATTR { return hn::IfThenElseZero(hn::Gt(v, hn::Zero(D())), g); });
  }
}

// Highway's own for scalars give zeros the wrong sign.
HWY_INLINE V RoundDown(V x) {
  return HWY_TARGET == HWY_SCALAR ? hn::Set(D(), std::floor(hn::GetLane(x))) : hn::Floor(x);
}
HWY_INLINE V RoundUp(V x) { return HWY_TARGET == HWY_SCALAR ? hn::Set(D(), std::ceil(hn::GetLane(x))) : hn::Ceil(x); }

void unary_floats(Unary op, const float* x, float* y, int64_t n) {
  const D d;
  const V zero = hn::Zero(d);
  switch (op) {
    case Unary::neg: return zip(x, 1, x, 1, y, n, [](V p, V) HWY_ATTR { return hn::Neg(p); });
    case Unary::abs: return zip(x, 1, x, 1, y, n, [](V p, V) HWY_ATTR { return hn::Abs(p); });
    case Unary::floor: return zip(x, 1, x, 1, y, n, [](V p, V) HWY_ATTR { return RoundDown(p); });
    case Unary::ceil: return zip(x, 1, x, 1, y, n, [](V p, V) HWY_ATTR { return RoundUp(p); });
    case Unary::round: return zip(x, 1, x, 1, y, n, [](V p, V) HWY_ATTR { return hn::Round(p); });
    case Unary::trunc: return zip(x, 1, x, 1, y, n, [](V p, V) HWY_ATTR { return hn::Trunc(p); });
    default: return zip(x, 1, x, 1, y, n, [zero](V p, V) HWY_ATTR { return hn::IfThenElse(hn::Lt(p, zero), zero, p); });
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet::cpu_kernels {

HWY_EXPORT(binary_floats);
HWY_EXPORT(unary_floats);

void binary_floats(Binary op, const float* a, int64_t a_step, const float* b, int64_t b_step, float* y, int64_t n) {
  STET_DISPATCH(binary_floats)(op, a, a_step, b, b_step, y, n);
}

void unary_floats(Unary op, const float* x, float* y, int64_t n) { STET_DISPATCH(unary_floats)(op, x, y, n); }

}  // namespace stet::cpu_kernels
#endif
