// Fma(a, b, c) for vectors of float or double: a * b + c rounded once, on every target.
// Include it after hwy/highway.h; Highway's own MulAdd rounds twice where the hardware has no fused instruction.
#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(STET_TENSOR_SIMD_FMA_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef STET_TENSOR_SIMD_FMA_INL_H_
#undef STET_TENSOR_SIMD_FMA_INL_H_
#else
#define STET_TENSOR_SIMD_FMA_INL_H_
#endif

#ifdef HWY_DISABLE_BMI2_FMA
#error "without FMA instructions AVX2 would not keep the numerics contract"
#endif

HWY_BEFORE_NAMESPACE();
namespace stet {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

HWY_INLINE double FmaOne(double a, double b, double c) { return std::fma(a, b, c); }

// The product of two floats is exact in double. The sum is rounded to odd there (an inexact one ends in a one bit, so
// that it is never taken for a tie), which leaves the only rounding that counts to the narrowing: double has more than
// twice float's bits.
HWY_INLINE float FmaOne(float a, float b, float c) {
  const double p = static_cast<double>(a) * static_cast<double>(b), q = static_cast<double>(c);
  const double sum = p + q;
  const double part = sum - p;
  const double error = (p - (sum - part)) + (q - part);
  int64_t bits;
  std::memcpy(&bits, &sum, sizeof(bits));
  // Neither comparison holds where the sum is infinite or NaN, as the error is NaN there.
  if ((bits & 1) == 0 && (error > 0 || error < 0)) bits += (error > 0) == (sum > 0) ? 1 : -1;
  double odd;
  std::memcpy(&odd, &bits, sizeof(odd));
  return static_cast<float>(odd);
}

template <class V> HWY_INLINE V Fma(V a, V b, V c) { return V(FmaOne(a.raw, b.raw, c.raw)); }

#else

template <class V> HWY_INLINE V Fma(V a, V b, V c) { return hwy::HWY_NAMESPACE::MulAdd(a, b, c); }

#endif

}  // namespace HWY_NAMESPACE
}  // namespace stet
HWY_AFTER_NAMESPACE();

#endif
