#include "stet/cuda/divide.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace stet::cuda {
namespace {

TEST(Divisor, GivesQuotientAndRestBelow2To31) {
  std::mt19937 random(1);
  std::vector<uint32_t> numbers = {0x7fffffff, 0x7ffffffe, 0x40000001, 0x40000000,
                                   0x3fffffff, 0x10001,    0x10000,    0xffff};
  for (uint32_t i = 1; i <= 64; ++i) numbers.push_back(i);
  for (int i = 0; i < 400; ++i)
    numbers.push_back(std::max<uint32_t>(1, static_cast<uint32_t>((random() >> 1) >> random() % 31)));
  for (uint32_t d : numbers) {
    const Divisor<uint32_t> small(d);
    const Divisor<int64_t> large(d);
    const auto expect = [&](uint32_t x) {
      const auto got = divide(x, small);
      ASSERT_EQ(got.quotient, x / d) << x << " / " << d;
      ASSERT_EQ(got.rest, x % d) << x << " / " << d;
      ASSERT_EQ(divide(int64_t{x}, large).quotient, x / d);
    };
    expect(0);
    for (uint32_t x : numbers) {
      expect(x);
      const uint32_t multiple = 0x7fffffff / d * d;  // the last, where an inexact factor shows first
      expect(multiple);
      expect(multiple - 1);
    }
  }
}

}  // namespace
}  // namespace stet::cuda
