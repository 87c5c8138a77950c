// The ops on single elements, as docs/numerics.md defines them.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "stet/tensor/host_device.h"

namespace stet::scalar_ops {

template <class T> using BitsOf = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

/// c ? a : b without a branch, which random data would mispredict; loops of it become vector code.
template <class T> STET_HOST_DEVICE inline T select(bool c, T a, T b) {
  if constexpr (sizeof(T) >= 4) {
    using Bits = BitsOf<T>;
    const Bits mask = Bits{0} - static_cast<Bits>(c);
    return std::bit_cast<T>(static_cast<Bits>((std::bit_cast<Bits>(a) & mask) | (std::bit_cast<Bits>(b) & ~mask)));
  } else {
    return c ? a : b;
  }
}

/// IEEE 754-2019 maximum: NaN wins, -0 < +0. Of two equal numbers only zeros differ, in the sign bit, which +0 clears.
template <class T> STET_HOST_DEVICE inline T maximum(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = BitsOf<T>;
    const T larger = a > b ? a : b;
    const T equal = std::bit_cast<T>(static_cast<Bits>(std::bit_cast<Bits>(a) & std::bit_cast<Bits>(b)));
    const T number = a == b ? equal : larger;
    return a != a ? a : number;  // where b is NaN, no comparison holds and `larger` is b
  } else {
    return a > b ? a : b;
  }
}

template <class T> STET_HOST_DEVICE inline T minimum(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = BitsOf<T>;
    const T smaller = a < b ? a : b;
    const T equal = std::bit_cast<T>(static_cast<Bits>(std::bit_cast<Bits>(a) | std::bit_cast<Bits>(b)));
    const T number = a == b ? equal : smaller;
    return a != a ? a : number;
  } else {
    return a < b ? a : b;
  }
}

// Integers wrap around, as two's complement does everywhere.
template <class T>
using Wrapping = typename std::conditional_t<std::is_integral_v<T>,
                                             std::make_unsigned<std::conditional_t<std::is_integral_v<T>, T, int>>,
                                             std::type_identity<T>>::type;

template <class T> STET_HOST_DEVICE inline T add(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
}
template <class T> STET_HOST_DEVICE inline T sub(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
}
template <class T> STET_HOST_DEVICE inline T mul(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
}
template <class T> STET_HOST_DEVICE inline T neg(T x) {
  if constexpr (std::is_floating_point_v<T>) return -x;
  else return static_cast<T>(0 - static_cast<Wrapping<T>>(x));
}
template <class T> STET_HOST_DEVICE inline T abs(T x) {
  if constexpr (std::is_floating_point_v<T>) return std::fabs(x);
  else if constexpr (std::is_signed_v<T>) return x < 0 ? neg(x) : x;
  else return x;
}
template <class T> STET_HOST_DEVICE inline T relu(T x) { return x < T{0} ? T{0} : x; }
template <class T> STET_HOST_DEVICE inline T sign(T x) {
  if constexpr (std::is_unsigned_v<T>) return x > 0 ? T{1} : T{0};
  else return x > T{0} ? T{1} : x < T{0} ? T{-1} : x;
}

template <class T> STET_HOST_DEVICE inline bool is_negative(T x) {
  if constexpr (std::is_unsigned_v<T>) return false;
  else return x < T{0};
}

/// Of integers the quotient toward zero and what it leaves, for a divisor that is not 0.
template <class T> STET_HOST_DEVICE inline T divide(T a, T b) {
  if constexpr (std::is_signed_v<T>) return b == -1 ? neg(a) : static_cast<T>(a / b);
  else return static_cast<T>(a / b);
}
template <class T> STET_HOST_DEVICE inline T fmod(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) return std::fmod(a, b);
  else if constexpr (std::is_signed_v<T>) return b == -1 ? T{0} : static_cast<T>(a % b);
  else return static_cast<T>(a % b);
}
/// What division leaves where quotients are rounded down: of b's sign, unless it is a zero.
template <class T> STET_HOST_DEVICE inline T remainder(T a, T b) {
  const T rest = fmod(a, b);
  return rest != T{0} && is_negative(rest) != is_negative(b) ? add(rest, b) : rest;
}
template <class T> STET_HOST_DEVICE inline T floor_divide(T a, T b) {
  const T rest = fmod(a, b);
  const bool is_below = rest != T{0} && is_negative(rest) != is_negative(b);
  if constexpr (std::is_floating_point_v<T>) {
    if (b == T{0}) return a / b;
    const T quotient = is_below ? (a - rest) / b - T{1} : (a - rest) / b;
    if (quotient == T{0}) return std::copysign(T{0}, a / b);
    const T whole = std::floor(quotient);  // the division above may have been rounded
    return quotient - whole > T{0.5} ? whole + T{1} : whole;
  } else {
    return static_cast<T>(divide(a, b) - (is_below ? 1 : 0));
  }
}

template <class T> STET_HOST_DEVICE inline T bitwise_not(T x) { return static_cast<T>(~x); }
template <class T> STET_HOST_DEVICE inline T bitwise_and(T a, T b) { return static_cast<T>(a & b); }
template <class T> STET_HOST_DEVICE inline T bitwise_or(T a, T b) { return static_cast<T>(a | b); }
template <class T> STET_HOST_DEVICE inline T bitwise_xor(T a, T b) { return static_cast<T>(a ^ b); }
/// By less than 0, or by the width or more, no bit of x is left, and of a negative x the sign to the right.
template <class T> STET_HOST_DEVICE inline T left_shift(T x, T by) {
  constexpr T kWidth = static_cast<T>(8 * sizeof(T));
  if (is_negative(by) || by >= kWidth) return 0;
  return static_cast<T>(static_cast<std::make_unsigned_t<T>>(x) << by);
}
template <class T> STET_HOST_DEVICE inline T right_shift(T x, T by) {
  constexpr T kWidth = static_cast<T>(8 * sizeof(T));
  if (is_negative(by) || by >= kWidth) return is_negative(x) ? static_cast<T>(-1) : T{0};
  return static_cast<T>(x >> by);
}

/// Conversion with one rounding to nearest even; from floating to integer toward zero, NaN to 0, and beyond the range
/// to its end.
template <class To, class From> STET_HOST_DEVICE inline To convert(From x) {
  if constexpr (std::is_same_v<To, bool>) {
    return x != From{0};
  } else if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>) {
    constexpr int kBits = static_cast<int>(sizeof(To)) * 8 - (std::is_signed_v<To> ? 1 : 0);
    constexpr From kEnd = kBits == 63 ? From{0x1p63} : static_cast<From>(uint64_t{1} << kBits);
    if (x != x) return 0;
    if (x >= kEnd) return std::numeric_limits<To>::max();
    if (x < (std::is_signed_v<To> ? -kEnd : From{0})) return std::numeric_limits<To>::min();
    return static_cast<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

}  // namespace stet::scalar_ops
