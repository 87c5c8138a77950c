// The operations that functions-inl.h is written in, for one double. Also good for device code: define STET_LANES as
// the device's function attributes before.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#ifndef STET_LANES
#define STET_LANES inline
#endif

namespace stet::math::scalar {

using F64 = double;
using I64 = int64_t;
using Mask = bool;

STET_LANES F64 splat(double value) { return value; }
STET_LANES I64 splat_bits(int64_t value) { return value; }
STET_LANES I64 bits(F64 x) { return std::bit_cast<int64_t>(x); }
STET_LANES F64 from_bits(I64 x) { return std::bit_cast<double>(x); }
/// a * b + c, rounded once.
STET_LANES F64 fma(F64 a, F64 b, F64 c) { return std::fma(a, b, c); }
/// a * b - c, rounded once.
STET_LANES F64 fms(F64 a, F64 b, F64 c) { return std::fma(a, b, -c); }
/// c - a * b, rounded once.
STET_LANES F64 fnma(F64 a, F64 b, F64 c) { return std::fma(-a, b, c); }
STET_LANES F64 sqrt(F64 x) { return std::sqrt(x); }
STET_LANES F64 abs(F64 x) { return from_bits(bits(x) & INT64_MAX); }
STET_LANES F64 select(Mask mask, F64 yes, F64 no) { return mask ? yes : no; }
STET_LANES I64 select_bits(Mask mask, I64 yes, I64 no) { return mask ? yes : no; }
/// The larger; NaN where x is NaN.
STET_LANES F64 at_least(F64 x, double low) { return x < low ? low : x; }
/// The smaller; NaN where x is NaN.
STET_LANES F64 at_most(F64 x, double high) { return x > high ? high : x; }
STET_LANES Mask is_zero(I64 x) { return x == 0; }
/// Shifts zeros in; of a wrapped two's complement number, too.
template <int kCount> STET_LANES I64 shift_left(I64 x) { return static_cast<I64>(static_cast<uint64_t>(x) << kCount); }
template <int kCount> STET_LANES I64 shift_right(I64 x) { return static_cast<I64>(static_cast<uint64_t>(x) >> kCount); }
/// Sums of bit patterns wrap.
STET_LANES I64 add(I64 a, I64 b) { return static_cast<I64>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b)); }
STET_LANES I64 subtract(I64 a, I64 b) { return static_cast<I64>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b)); }
/// table[index].
STET_LANES F64 lookup(const double* table, I64 index) { return table[index]; }
/// Whether lookup16 is as cheap as arithmetic.
constexpr bool kCheapLookup = true;
/// table[index % 16].
STET_LANES F64 lookup16(const double* table, I64 index) { return table[index & 15]; }

}  // namespace stet::math::scalar
