// What the programs that take all arguments of a function have in common.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>

namespace stet {

/// Whether two results have the same bits, or are both NaN.
inline bool same(float a, float b) {
  return std::isnan(a) ? std::isnan(b) : std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b);
}

struct PowArguments {
  float base, exponent;
};

/// Number i of a sample. Powers that neither overflow nor vanish, of bases of all magnitudes and of bases near 1; small
/// integers and halves as exponents, where ties are, for a quarter of them.
inline PowArguments draw_pow(std::mt19937_64& random, int64_t i) {
  const uint64_t word = random();
  const double u = static_cast<double>(word >> 40) * 0x1p-24, v = static_cast<double>(word & 0xffffff) * 0x1p-24;
  const double base = std::exp2(i % 2 == 0 ? 252 * u - 126 : std::ldexp(u - 0.5, -static_cast<int>(word >> 24 & 15)));
  const double power = i % 4 == 3 ? static_cast<double>(word % 16) / 2 : (v * 280 - 151) / std::log2(base);
  return {static_cast<float>(i % 8 == 3 ? std::rint(v * 4096) : base), static_cast<float>(power)};
}

}  // namespace stet
