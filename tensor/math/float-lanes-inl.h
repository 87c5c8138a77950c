// The correctly rounded functions on vectors of float, for kernels that apply them to values in registers. They give
// the bits of math::exp and the others.
#include <algorithm>

#include "stet/tensor/math/erf_points.h"
#include "stet/tensor/math/exp_floats.h"
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
#define STET_FLOAT_FUNCTION(name, function)                                                     \
  HWY_INLINE F32 name(F32 x) {                                                                  \
    return F32(static_cast<float>(::stet::math::scalar::function(static_cast<double>(x.raw)))); \
  }

#else

// A vector of floats is two of doubles. They go through a function side by side, so that one's waiting is filled with
// the other's work.
namespace pairs {

template <class V> struct Pair { V low, high; };
using F64 = Pair<math::HWY_NAMESPACE::F64>;
using I64 = Pair<math::HWY_NAMESPACE::I64>;
using Mask = Pair<math::HWY_NAMESPACE::Mask>;

namespace one = math::HWY_NAMESPACE;
using one::kCheapLookup;

HWY_INLINE F64 splat(double value) { return {one::splat(value), one::splat(value)}; }
HWY_INLINE I64 splat_bits(int64_t value) { return {one::splat_bits(value), one::splat_bits(value)}; }
HWY_INLINE I64 bits(F64 x) { return {one::bits(x.low), one::bits(x.high)}; }
HWY_INLINE F64 from_bits(I64 x) { return {one::from_bits(x.low), one::from_bits(x.high)}; }
HWY_INLINE F64 fma(F64 a, F64 b, F64 c) { return {one::fma(a.low, b.low, c.low), one::fma(a.high, b.high, c.high)}; }
HWY_INLINE F64 fms(F64 a, F64 b, F64 c) { return {one::fms(a.low, b.low, c.low), one::fms(a.high, b.high, c.high)}; }
HWY_INLINE F64 fnma(F64 a, F64 b, F64 c) { return {one::fnma(a.low, b.low, c.low), one::fnma(a.high, b.high, c.high)}; }
HWY_INLINE F64 sqrt(F64 x) { return {one::sqrt(x.low), one::sqrt(x.high)}; }
HWY_INLINE F64 abs(F64 x) { return {one::abs(x.low), one::abs(x.high)}; }
HWY_INLINE F64 select(Mask mask, F64 yes, F64 no) {
  return {one::select(mask.low, yes.low, no.low), one::select(mask.high, yes.high, no.high)};
}
HWY_INLINE I64 select_bits(Mask mask, I64 yes, I64 no) {
  return {one::select_bits(mask.low, yes.low, no.low), one::select_bits(mask.high, yes.high, no.high)};
}
HWY_INLINE F64 at_least(F64 x, double low) { return {one::at_least(x.low, low), one::at_least(x.high, low)}; }
HWY_INLINE F64 at_most(F64 x, double high) { return {one::at_most(x.low, high), one::at_most(x.high, high)}; }
HWY_INLINE Mask is_zero(I64 x) { return {one::is_zero(x.low), one::is_zero(x.high)}; }
template <int kCount> HWY_INLINE I64 shift_left(I64 x) {
  return {one::shift_left<kCount>(x.low), one::shift_left<kCount>(x.high)};
}
template <int kCount> HWY_INLINE I64 shift_right(I64 x) {
  return {one::shift_right<kCount>(x.low), one::shift_right<kCount>(x.high)};
}
HWY_INLINE I64 add(I64 a, I64 b) { return {one::add(a.low, b.low), one::add(a.high, b.high)}; }
HWY_INLINE I64 subtract(I64 a, I64 b) { return {one::subtract(a.low, b.low), one::subtract(a.high, b.high)}; }
HWY_INLINE F64 lookup(const double* table, I64 index) {
  return {one::lookup(table, index.low), one::lookup(table, index.high)};
}
HWY_INLINE F64 lookup16(const double* table, I64 index) {
  return {one::lookup16(table, index.low), one::lookup16(table, index.high)};
}
HWY_INLINE F64 operator+(F64 a, F64 b) { return {a.low + b.low, a.high + b.high}; }
HWY_INLINE F64 operator-(F64 a, F64 b) { return {a.low - b.low, a.high - b.high}; }
HWY_INLINE F64 operator*(F64 a, F64 b) { return {a.low * b.low, a.high * b.high}; }
HWY_INLINE F64 operator/(F64 a, F64 b) { return {a.low / b.low, a.high / b.high}; }
HWY_INLINE Mask operator==(F64 a, F64 b) { return {a.low == b.low, a.high == b.high}; }
HWY_INLINE Mask operator<(F64 a, F64 b) { return {a.low < b.low, a.high < b.high}; }
HWY_INLINE Mask operator<=(F64 a, F64 b) { return {a.low <= b.low, a.high <= b.high}; }
HWY_INLINE Mask operator>(F64 a, F64 b) { return {a.low > b.low, a.high > b.high}; }
HWY_INLINE I64 operator&(I64 a, I64 b) { return {a.low & b.low, a.high & b.high}; }
HWY_INLINE I64 operator|(I64 a, I64 b) { return {a.low | b.low, a.high | b.high}; }
HWY_INLINE I64 operator^(I64 a, I64 b) { return {a.low ^ b.low, a.high ^ b.high}; }

#undef STET_LANES
#define STET_LANES HWY_INLINE
#include "stet/tensor/math/functions-inl.h"

HWY_INLINE F64 Widen(F32 x) {
  const hn::Rebind<float, TagF64> half;
  return {hn::PromoteTo(TagF64(), hn::LowerHalf(half, x)), hn::PromoteTo(TagF64(), hn::UpperHalf(half, x))};
}
HWY_INLINE F32 Narrow(F64 x) {
  const hn::Rebind<float, TagF64> half;
  return hn::Combine(TagF32(), hn::DemoteTo(half, x.high), hn::DemoteTo(half, x.low));
}

}  // namespace pairs

#define STET_FLOAT_FUNCTION(name, function) \
  HWY_INLINE F32 name(F32 x) { return pairs::Narrow(pairs::function(pairs::Widen(x))); }

#endif

#if HWY_TARGET == HWY_AVX2

// Here floats are worth it: a vector has eight of them, and one permutation finds 2^(i / 8) for all.

// high + low is e^x divided by a power of two, in [0.95, 1.92], |low| < 2^-8; `exponent` is that power's, in a float's
// bits.
struct ExpSum {
  F32 high, low;
  hn::Vec<hn::RebindToSigned<TagF32>> exponent;
};

// For |x| <= 87. The sum's error is below 2^-31.
HWY_INLINE ExpSum ExpAsSum(F32 x) {
  const TagF32 d;
  const hn::RebindToSigned<TagF32> di;
  const auto entry = [](const float* table, auto index) HWY_ATTR {
    return F32{_mm256_permutevar8x32_ps(_mm256_load_ps(table), index.raw)};  // which looks at an index's low three bits
  };
  // x = k ln(2)/8 + r + r_low
  const F32 to_integer = hn::Set(d, 0x1.8p23f), step = hn::Set(d, kExpStep[0]), step_low = hn::Set(d, kExpStep[1]);
  const F32 t = hn::MulAdd(x, hn::Set(d, static_cast<float>(8 * kLog2eHigh)), to_integer);
  const F32 k = hn::Sub(t, to_integer);
  const F32 exact = hn::NegMulAdd(k, step, x);
  const F32 r = hn::NegMulAdd(k, step_low, exact);
  const F32 r_low = hn::NegMulAdd(k, step_low, hn::Sub(exact, r));
  // e^(r + r_low) = 1 + r + s
  const F32 square = hn::Mul(r, r);
  F32 s = hn::MulAdd(r, hn::Set(d, kExpSquare[3]), hn::Set(d, kExpSquare[2]));
  s = hn::MulAdd(hn::MulAdd(s, r, hn::Set(d, kExpSquare[1])), r, hn::Set(d, kExpSquare[0]));
  s = hn::MulAdd(s, square, r_low);
  // (root + root_low) (1 + r + s), where root + root r is kept as a sum.
  const auto bits = hn::BitCast(di, t);
  const F32 root = entry(kExpRootHigh, bits), root_low = entry(kExpRootLow, bits);
  const F32 product = hn::Mul(root, r), product_low = hn::MulSub(root, r, product);
  const F32 high = hn::Add(root, product);
  const F32 high_low = hn::Sub(product, hn::Sub(high, root));
  const F32 rest = hn::MulAdd(root, s, hn::MulAdd(root_low, r, root_low));
  return {high, hn::Add(hn::Add(high_low, product_low), rest), hn::ShiftLeft<20>(hn::And(bits, hn::Set(di, ~7)))};
}

HWY_NOINLINE inline F32 ExpInDoubles(F32 x) { return pairs::Narrow(pairs::exp(pairs::Widen(x))); }

// Where the sum's error may change how it rounds, about once in 400, and where e^x is no normal number, doubles decide.
HWY_INLINE F32 Exp(F32 x) {
  const TagF32 d;
  const hn::RebindToSigned<TagF32> di;
  const ExpSum e = ExpAsSum(x);
  const F32 error = hn::Set(d, 0x1p-31f);
  const F32 most = hn::Add(e.high, hn::Add(e.low, error)), least = hn::Add(e.high, hn::Sub(e.low, error));
  const auto sure = hn::And(hn::Eq(most, least), hn::Le(hn::Abs(x), hn::Set(d, 87)));
  if (HWY_UNLIKELY(!hn::AllTrue(d, sure))) return ExpInDoubles(x);
  return hn::BitCast(d, hn::Add(hn::BitCast(di, most), e.exponent));
}

#else

STET_FLOAT_FUNCTION(Exp, exp)

#endif

STET_FLOAT_FUNCTION(Tanh, tanh)
STET_FLOAT_FUNCTION(Sigmoid, sigmoid)

#if HWY_TARGET == HWY_SCALAR

STET_FLOAT_FUNCTION(Erf, erf)

/// store(i, erf(load(i))) for vectors i = 0, Lanes, 2 Lanes, ... below n. load(i) may be called twice.
template <class Load, class Store> HWY_INLINE void ErfOfEach(int64_t n, const Load& load, const Store& store) {
  for (int64_t i = 0; i < n; i += static_cast<int64_t>(hn::Lanes(TagF32()))) store(i, Erf(load(i)));
}

#else

constexpr int64_t kFloats = hn::MaxLanes(TagF32());

// |x| = c + r, c a multiple of 1/256; kErfPoints has it at `at`. All of it is exact.
HWY_INLINE void FindErfPoint(F32 x, float* c, float* r, int32_t* at) {
  const TagF32 d;
  const hn::RebindToSigned<TagF32> di;
  const F32 to_integer = hn::Set(d, 0x1.8p23f);
  // From here on erf rounds to 1. NaN is not above it.
  const F32 most = hn::Set(d, 1023.0f / 256);
  const F32 magnitude = hn::Abs(x), a = hn::IfThenElse(magnitude > most, most, magnitude);
  const F32 t = hn::MulAdd(a, hn::Set(d, 256), to_integer);
  const F32 point = (t - to_integer) * hn::Set(d, 1.0f / 256);
  hn::Store(point, d, c);
  hn::Store(a - point, d, r);
  hn::Store(hn::And(hn::ShiftLeft<1>(hn::BitCast(di, t)), hn::Set(di, 2 * 1023)), di, at);
}

// erf(c + r) for c >= 0 and |r| <= 1/512, by Taylor's series about c: the derivatives of erf are its slope times
// polynomials in c.
HWY_INLINE F64 ErfAtPoint(const float* c, const float* r, const int32_t* at) {
  const hn::Rebind<float, TagF64> half;
  const F64 centre = hn::PromoteTo(TagF64(), hn::Load(half, c)), from = hn::PromoteTo(TagF64(), hn::Load(half, r));
  const F64 w = centre * from, v = from * from;
  F64 value, slope;
  two_of(kErfPoints, at, value, slope);
  F64 p = fma(splat(2.0 / 15), w, splat(-1.0 / 3));
  p = fma(fma(fma(p, w, splat(2.0 / 3)), w, splat(-1)), w, splat(1));
  const F64 q = fma(fma(splat(-0.4), w, splat(0.5)), w, fma(splat(0.1), v, splat(-1.0 / 3)));
  return fma(slope * from, fma(q, v, p), value);
}

template <class Load, class Store> HWY_INLINE void ErfOfEach(int64_t n, const Load& load, const Store& store) {
  // Points are found for a block first: a lookup waits for its point longer than the processor looks ahead.
  constexpr int64_t kBlock = 16 * kFloats, kHalf = kFloats / 2;
  HWY_ALIGN float c[kBlock], r[kBlock];
  HWY_ALIGN int32_t at[kBlock];
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t count = std::min(kBlock, n - begin);
    HWY_UNROLL(1) for (int64_t i = 0; i < count; i += kFloats) FindErfPoint(load(begin + i), c + i, r + i, at + i);
    for (int64_t i = 0; i < count; i += kFloats) {
      const pairs::F64 magnitude = {ErfAtPoint(c + i, r + i, at + i),
                                    ErfAtPoint(c + i + kHalf, r + i + kHalf, at + i + kHalf)};
      store(begin + i, hn::CopySign(pairs::Narrow(magnitude), load(begin + i)));
    }
  }
}

#endif

#undef STET_FLOAT_FUNCTION

}  // namespace stet::math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
