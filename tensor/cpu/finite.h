// Whether an array holds neither infinities nor NaN.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

namespace stet {

template <class T> bool all_finite(const T* data, int64_t count) {
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  // The exponent's bits are all ones in what is not finite. An integer's sum becomes vector code, a float's comparison
  // does not.
  constexpr Bits exponent = sizeof(T) == 4 ? static_cast<Bits>(0x7f800000) : static_cast<Bits>(0x7ff0000000000000);
  Bits found = 0;
  for (int64_t i = 0; i < count; ++i) found |= (std::bit_cast<Bits>(data[i]) & exponent) == exponent ? 1 : 0;
  return found == 0;
}

}  // namespace stet
