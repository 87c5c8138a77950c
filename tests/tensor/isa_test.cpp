// Dispatch follows set_isa, and Fma rounds once on every instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/isa_test.cpp"
#include "stet/tensor/simd/targets.h"
// targets.h comes before Highway's.
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "stet/tensor/simd/fma-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

const char* CompiledFor() { return hwy::TargetName(HWY_TARGET); }

template <class T> void FmaEach(const T* a, const T* b, const T* c, T* out, size_t n) {
  const hn::ScalableTag<T> d;
  for (size_t i = 0; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    hn::StoreU(Fma(hn::LoadU(d, a + i), hn::LoadU(d, b + i), hn::LoadU(d, c + i)), d, out + i);
  }
}

void FmaFloat(const float* a, const float* b, const float* c, float* out, size_t n) { FmaEach(a, b, c, out, n); }
void FmaDouble(const double* a, const double* b, const double* c, double* out, size_t n) { FmaEach(a, b, c, out, n); }

}  // namespace HWY_NAMESPACE
}  // namespace stet
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <map>
#include <random>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/simd/isa.h"

namespace stet {

HWY_EXPORT(CompiledFor);
HWY_EXPORT(FmaFloat);
HWY_EXPORT(FmaDouble);

namespace {

class IsaTest : public testing::Test {
 protected:
  ~IsaTest() override { set_isa(before_); }
  const std::string before_ = isa();
};

TEST_F(IsaTest, DispatchFollowsSetIsa) {
  const std::map<std::string, std::string> targets = {
      {"avx512", "AVX3"}, {"avx2", "AVX2"}, {"neon", "NEON"}, {"scalar", "SCALAR"}};
  for (const std::string& name : available_isas()) {
    set_isa(name);
    EXPECT_EQ(isa(), name);
    EXPECT_EQ(STET_DISPATCH(CompiledFor)(), targets.at(name));
  }
  EXPECT_EQ(available_isas().back(), "scalar");
}

TEST_F(IsaTest, AnUnknownNameThrowsAndChangesNothing) {
  set_isa("scalar");
  try {
    set_isa("mmx");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("'mmx'"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("scalar"), std::string::npos);
  }
  EXPECT_EQ(isa(), "scalar");
  EXPECT_STREQ(STET_DISPATCH(CompiledFor)(), "SCALAR");
}

// Inputs that a product rounded before the sum gets wrong, ties that only a sticky bit breaks, and random bits of all
// magnitudes.
template <class T, class Bits> void fma_inputs(std::vector<T>& a, std::vector<T>& b, std::vector<T>& c) {
  const T ulp = std::numeric_limits<T>::epsilon(), tiny = std::numeric_limits<T>::denorm_min();
  const T inf = std::numeric_limits<T>::infinity(), most = std::numeric_limits<T>::max();
  const auto add = [&](T x, T y, T z) { a.push_back(x), b.push_back(y), c.push_back(z); };
  add(1 + ulp, 1 + ulp, -(1 + 2 * ulp));
  add(1 + ulp, 1 - ulp / 2, -1);
  add(1 + ulp, ulp / 2, 1), add(1 - ulp / 2, ulp / 2, 1), add(1 - ulp / 2, -ulp / 4, 1);  // beside ties
  // So near a tie that for floats a sum in double lands on it: (1 + u)(1 - u) = 1 - u^2.
  add(1 + ulp, (1 - ulp) * ulp / 2, 1 + ulp), add(1 + ulp, -(1 - ulp) * ulp / 2, -1 - ulp);
  add(tiny, T(0.5), tiny), add(tiny, T(0.75), tiny), add(tiny, tiny, most), add(-tiny, tiny, 0);
  add(most, most, -inf), add(most, 2, -most), add(most, -2, 0), add(0, inf, 1), add(-0.0, 1, -0.0), add(1, -1, 1);
  std::mt19937_64 random(1);
  for (int i = 0; i < 200000; ++i) {
    const T x = std::bit_cast<T>(static_cast<Bits>(random())), y = std::bit_cast<T>(static_cast<Bits>(random()));
    add(x, y, std::bit_cast<T>(static_cast<Bits>(random())));
    // A sum that cancels, or nearly: a third operand of the product's own size.
    const T u =
        std::ldexp(x / (x == 0 || !std::isfinite(x) ? 1 : std::exp2(std::floor(std::log2(std::abs(x))))), i % 40);
    add(u, T(1) + (i % 1000) * ulp, -u + static_cast<T>(i % 7 - 3) * u * ulp);
  }
  while (a.size() % 64 != 0) add(1, 1, 1);
}

template <class T, class Bits, class F> void expect_fused(F fma_each) {
  std::vector<T> a, b, c;
  fma_inputs<T, Bits>(a, b, c);
  for (const std::string& name : available_isas()) {
    set_isa(name);
    std::vector<T> got(a.size());
    fma_each(a.data(), b.data(), c.data(), got.data(), got.size());
    for (size_t i = 0; i < got.size(); ++i) {
      const T want = std::fma(a[i], b[i], c[i]);
      if (std::isnan(want)) {
        EXPECT_TRUE(std::isnan(got[i])) << name;
      } else {
        ASSERT_EQ(std::bit_cast<Bits>(got[i]), std::bit_cast<Bits>(want))
            << name << ": fma(" << a[i] << ", " << b[i] << ", " << c[i] << ") gave " << got[i] << ", not " << want;
      }
    }
  }
}

TEST_F(IsaTest, FmaOfFloatsRoundsOnce) {
  expect_fused<float, uint32_t>([](auto... args) { STET_DISPATCH(FmaFloat)(args...); });
}

TEST_F(IsaTest, FmaOfDoublesRoundsOnce) {
  expect_fused<double, uint64_t>([](auto... args) { STET_DISPATCH(FmaDouble)(args...); });
}

}  // namespace
}  // namespace stet

#endif
