// Inputs that find mistakes, and comparison bit for bit.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "stet/tensor/ops.h"
#include "stet/tensor/rng.h"

namespace stet::testing {

template <class T> using BitsOf = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

/// Equal bits; any NaN equals any other.
template <class T> bool same_bits(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return (std::isnan(a) && std::isnan(b)) || std::bit_cast<BitsOf<T>>(a) == std::bit_cast<BitsOf<T>>(b);
  } else {
    return a == b;
  }
}

template <class T>::testing::AssertionResult all_same_bits(const std::vector<T>& got, const std::vector<T>& want) {
  if (got.size() != want.size()) return ::testing::AssertionFailure() << got.size() << " elements, not " << want.size();
  if constexpr (!std::is_same_v<T, bool>) {  // but for NaN they mostly are the same bytes
    if (!got.empty() && std::memcmp(got.data(), want.data(), got.size() * sizeof(T)) == 0)
      return ::testing::AssertionSuccess();
  }
  for (size_t i = 0; i < got.size(); ++i) {
    if (!same_bits(got[i], want[i])) {
      return ::testing::AssertionFailure()
             << "element " << i << " is " << std::hexfloat << got[i] << ", not " << want[i];
    }
  }
  return ::testing::AssertionSuccess();
}

/// Numbers of many magnitudes; one in eight is special where `specials`: infinities, NaN, signed zeros, subnormals, the
/// largest.
inline Tensor awkward(const Shape& shape, uint64_t seed, bool specials = true) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const float special[] = {0.0f,    -0.0f,   kInf,     -kInf, std::nanf(""), 1e-45f,
                           -1e-40f, 3.4e38f, -3.4e38f, 1.0f,  -1.0f,         16777216.0f};
  SampleDraws draws(Rng(seed, "awkward"), 0, 0);
  std::vector<float> values;
  for (int64_t i = 0; i < shape.elements(); ++i) {
    if (specials && draws.below(8) == 0) {
      values.push_back(special[draws.below(12)]);
    } else {
      values.push_back(std::ldexp(draws.uniform() - 0.5f, static_cast<int>(draws.below(30)) - 15));
    }
  }
  return Tensor::from(values, shape);
}

}  // namespace stet::testing
