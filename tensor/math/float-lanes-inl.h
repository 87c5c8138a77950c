// The correctly rounded functions on vectors of float, for kernels that apply them to values in registers. They give the bits of
// math::exp and the others.
#include "stet/tensor/math/functions-scalar.h"
#include "stet/tensor/math/lanes-inl.h"

#if defined(STET_TENSOR_MATH_FLOAT_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef STET_TENSOR_MATH_FLOAT_LANES_INL_H_
#undef STET_TENSOR_MATH_FLOAT_LANES_INL_H_
#else
#define STET_TENSOR_MATH_FLOAT_LANES_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace stet::math::HWY_NAMESPACE {

using TagF32 = hn::ScalableTag<float>;
using F32 = hn::Vec<TagF32>;

#if HWY_TARGET == HWY_SCALAR

// Highway's own scalar vectors neither fuse nor overflow to infinity when they narrow.
#define STET_FLOAT_FUNCTION(name, function) \
  HWY_INLINE F32 name(F32 x) { return F32(static_cast<float>(::stet::math::scalar::function(static_cast<double>(x.raw)))); }

#else

#undef STET_LANES
#define STET_LANES HWY_INLINE
namespace float_lanes {
#include "stet/tensor/math/functions-inl.h"
}  // namespace float_lanes

template <class Function> HWY_INLINE F32 ByHalves(F32 x, const Function& f) {
  const TagF32 d;
  const hn::Rebind<float, TagF64> half;
  const auto low = hn::DemoteTo(half, f(hn::PromoteTo(TagF64(), hn::LowerHalf(half, x))));
  const auto high = hn::DemoteTo(half, f(hn::PromoteTo(TagF64(), hn::UpperHalf(half, x))));
  return hn::Combine(d, high, low);
}

#define STET_FLOAT_FUNCTION(name, function) \
  HWY_INLINE F32 name(F32 x) { return ByHalves(x, [](F64 v) HWY_ATTR { return float_lanes::function(v); }); }

#endif

STET_FLOAT_FUNCTION(Exp, exp)
STET_FLOAT_FUNCTION(Tanh, tanh)
STET_FLOAT_FUNCTION(Sigmoid, sigmoid)
STET_FLOAT_FUNCTION(Erf, erf)
#undef STET_FLOAT_FUNCTION

}  // namespace stet::math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
