// The operations that functions-inl.h is written in, for a vector of doubles of the current Highway target.
// They mean what lanes-scalar.h says.
#include "stet/tensor/simd/targets.h"
// targets.h comes before Highway's.
#include "hwy/highway.h"

#if defined(STET_TENSOR_MATH_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef STET_TENSOR_MATH_LANES_INL_H_
#undef STET_TENSOR_MATH_LANES_INL_H_
#else
#define STET_TENSOR_MATH_LANES_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace stet::math::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using TagF64 = hn::ScalableTag<double>;
using TagI64 = hn::ScalableTag<int64_t>;
using F64 = hn::Vec<TagF64>;
using I64 = hn::Vec<TagI64>;
using Mask = hn::Mask<TagF64>;

HWY_INLINE F64 splat(double value) { return hn::Set(TagF64(), value); }
HWY_INLINE I64 splat_bits(int64_t value) { return hn::Set(TagI64(), value); }
HWY_INLINE I64 bits(F64 x) { return hn::BitCast(TagI64(), x); }
HWY_INLINE F64 from_bits(I64 x) { return hn::BitCast(TagF64(), x); }
// All targets but the scalar one, which has no use for this header, fuse these.
HWY_INLINE F64 fma(F64 a, F64 b, F64 c) { return hn::MulAdd(a, b, c); }
HWY_INLINE F64 fms(F64 a, F64 b, F64 c) { return hn::MulSub(a, b, c); }
HWY_INLINE F64 fnma(F64 a, F64 b, F64 c) { return hn::NegMulAdd(a, b, c); }
HWY_INLINE F64 sqrt(F64 x) { return hn::Sqrt(x); }
HWY_INLINE F64 abs(F64 x) { return hn::Abs(x); }
HWY_INLINE F64 select(Mask mask, F64 yes, F64 no) { return hn::IfThenElse(mask, yes, no); }
HWY_INLINE I64 select_bits(Mask mask, I64 yes, I64 no) { return bits(select(mask, from_bits(yes), from_bits(no))); }
#if HWY_ARCH_X86
// x comes second: where an operand is NaN, x86 gives the second.
HWY_INLINE F64 at_least(F64 x, double low) { return hn::Max(splat(low), x); }
HWY_INLINE F64 at_most(F64 x, double high) { return hn::Min(splat(high), x); }
#else
// Highway's of NEON give the one that is not NaN.
HWY_INLINE F64 at_least(F64 x, double low) { return hn::IfThenElse(x < splat(low), splat(low), x); }
HWY_INLINE F64 at_most(F64 x, double high) { return hn::IfThenElse(x > splat(high), splat(high), x); }
#endif
HWY_INLINE Mask is_zero(I64 x) { return hn::RebindMask(TagF64(), x == hn::Zero(TagI64())); }
template <int kCount> HWY_INLINE I64 shift_left(I64 x) { return hn::ShiftLeft<kCount>(x); }
template <int kCount> HWY_INLINE I64 shift_right(I64 x) {
  return hn::BitCast(TagI64(), hn::ShiftRight<kCount>(hn::BitCast(hn::RebindToUnsigned<TagI64>(), x)));
}
HWY_INLINE I64 add(I64 a, I64 b) { return a + b; }
HWY_INLINE I64 subtract(I64 a, I64 b) { return a - b; }
HWY_INLINE F64 lookup(const double* table, I64 index) { return hn::GatherIndex(TagF64(), table, index); }
constexpr bool kCheapLookup = HWY_TARGET == HWY_AVX3;
HWY_INLINE F64 lookup16(const double* table, I64 index) {
#if HWY_TARGET == HWY_AVX3
  // One permutation of two registers, which looks at an index's low four bits.
  return F64{_mm512_permutex2var_pd(_mm512_loadu_pd(table), index.raw, _mm512_loadu_pd(table + 8))};
#else
  return lookup(table, hn::And(index, splat_bits(15)));
#endif
}

#if HWY_TARGET != HWY_SCALAR
// table[at] and table[at + 1] for each lane, at even. Both are read at a time, then transposed: much less than two
// gathers.
HWY_INLINE void two_of(const double* table, const int32_t* at, F64& first, F64& second) {
  const auto pair = [=](int lane) HWY_ATTR { return hn::Load(hn::Full128<double>(), table + at[lane]); };
#if HWY_TARGET == HWY_AVX3
  const hn::Half<TagF64> half;
  const auto four = [=](int lane) HWY_ATTR { return hn::Combine(half, pair(lane + 2), pair(lane)); };
  const F64 even = hn::Combine(TagF64(), four(4), four(0)), odd = hn::Combine(TagF64(), four(5), four(1));
#elif HWY_TARGET == HWY_AVX2
  const F64 even = hn::Combine(TagF64(), pair(2), pair(0)), odd = hn::Combine(TagF64(), pair(3), pair(1));
#else
  const F64 even = pair(0), odd = pair(1);
#endif
  first = hn::InterleaveLower(TagF64(), even, odd);
  second = hn::InterleaveUpper(TagF64(), even, odd);
}
#endif

}  // namespace stet::math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
