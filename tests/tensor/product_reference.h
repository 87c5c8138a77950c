// What the tests of matmul and convolution share: the contract's sum written out plainly, inputs, and the comparison of
// bits.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "stet/tensor/contract.h"
#include "stet/tensor/parallel.h"
#include "stet/tensor/simd/isa.h"

namespace stet {

/// The sum of products as docs/numerics.md has it, one term after another.
template <class T> class ProductSum {
 public:
  void add(T a, T b) {
    chunk_ = std::fma(a, b, chunk_);
    if (++length_ == contract::kProductChunk) end_chunk();
  }
  T value() {
    end_chunk();
    return total_;
  }

 private:
  void end_chunk() {
    if (length_ > 0) total_ = total_ + chunk_;
    chunk_ = 0, length_ = 0;
  }
  T total_ = 0, chunk_ = 0;
  int length_ = 0;
};

enum class Values {
  ordinary,   // normal deviates
  wide,       // magnitudes so far apart that the order of a sum shows in most results
  subnormal,  // products that are subnormal or underflow
  special,    // a few infinities, NaNs and zeros of both signs among ordinary ones
};

template <class T> std::vector<T> random_values(int64_t n, uint32_t seed, Values values = Values::ordinary) {
  std::mt19937 bits(seed);
  std::normal_distribution<T> normal;
  const T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  const T rare[] = {
      inf, -inf, nan, T(-0.0), T(0.0), std::numeric_limits<T>::max(), std::numeric_limits<T>::denorm_min()};
  std::vector<T> v(n);
  for (T& x : v) {
    x = normal(bits);
    if (values == Values::wide) x = std::ldexp(x, static_cast<int>(bits() % 60) - 30);
    if (values == Values::subnormal) x *= std::sqrt(std::numeric_limits<T>::min()) / 16;
    if (values == Values::special && bits() % 16 == 0) x = rare[bits() % 7];
  }
  return v;
}

/// Expects equal bits; every NaN equals every other, as the contract says nothing about their payloads.
template <class T> void expect_same_bits(const std::vector<T>& got, const std::vector<T>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    const bool same =
        std::memcmp(&got[i], &expected[i], sizeof(T)) == 0 || (std::isnan(got[i]) && std::isnan(expected[i]));
    ASSERT_TRUE(same) << "element " << i << ": got " << got[i] << ", expected " << expected[i];
  }
}

/// Calls f with the pool set to that many threads, and restores it.
template <class F> void with_threads(int n, const F& f) {
  const int before = threads();
  set_threads(n);
  f();
  set_threads(before);
}

/// Calls f once on every instruction set that this processor has, and restores the one in use.
template <class F> void for_each_isa(const F& f) {
  const std::string before = isa();
  for (const std::string& name : available_isas()) {
    SCOPED_TRACE(name);
    set_isa(name);
    f();
  }
  set_isa(before);
}

}  // namespace stet
