// IEEE 754-2019 maximum and minimum of vectors: NaN wins, -0 < +0. Highway's Max and Min differ between targets on
// both. Include it after hwy/highway.h.
#if defined(STET_TENSOR_SIMD_MAXIMUM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef STET_TENSOR_SIMD_MAXIMUM_INL_H_
#undef STET_TENSOR_SIMD_MAXIMUM_INL_H_
#else
#define STET_TENSOR_SIMD_MAXIMUM_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace stet {
namespace HWY_NAMESPACE {

// Of two equal numbers only zeros differ, in the sign bit. Where b is NaN, no comparison holds and b is taken.
template <class V> HWY_INLINE V Maximum(V a, V b) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V number = hn::IfThenElse(hn::Eq(a, b), hn::And(a, b), hn::IfThenElse(hn::Gt(a, b), a, b));
  return hn::IfThenElse(hn::Eq(a, a), number, a);
}

template <class V> HWY_INLINE V Minimum(V a, V b) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V number = hn::IfThenElse(hn::Eq(a, b), hn::Or(a, b), hn::IfThenElse(hn::Lt(a, b), a, b));
  return hn::IfThenElse(hn::Eq(a, a), number, a);
}

}  // namespace HWY_NAMESPACE
}  // namespace stet
HWY_AFTER_NAMESPACE();

#endif
