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
