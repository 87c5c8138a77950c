// Sixteen-bit floating numbers as float32, exactly.
#pragma once

#include <bit>
#include <cstdint>

namespace stet {

/// IEEE 754 binary16. Every value of it is a float32; of a NaN the payload is kept, as its high bits.
constexpr float from_float16(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16, exponent = (half >> 10) & 0x1f;
  uint32_t fraction = half & 0x3ff;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000 | fraction << 13);
  if (exponent > 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  if (fraction == 0) return std::bit_cast<float>(sign);
  // Below 2^-14 there is no leading one: fraction times 2^-24.
  const auto shift = static_cast<uint32_t>(std::countl_zero(fraction)) - 21;
  fraction = fraction << shift & 0x3ff;
  return std::bit_cast<float>(sign | (113 - shift) << 23 | fraction << 13);
}

/// The upper half of a float32's bits.
constexpr float from_bfloat16(uint16_t half) { return std::bit_cast<float>(static_cast<uint32_t>(half) << 16); }

}  // namespace stet
