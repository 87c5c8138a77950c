// Running sums and products where the table of ops doesn't come: integers, several levels of chains, refusals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "error_of.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "tensor/bits.h"
#include "tensor/machines.h"

namespace stet {
namespace {

TEST(Scan, OfIntegersWrapsAndWidensBytes) {
  const Tensor bytes = Tensor::from(std::vector<uint8_t>{200, 100, 3}), flags = bytes != 100;
  EXPECT_EQ(cumsum(bytes, 0).to_vector<int64_t>(), (std::vector<int64_t>{200, 300, 303}));
  EXPECT_EQ(cumprod(bytes, 0).to_vector<int64_t>(), (std::vector<int64_t>{200, 20000, 60000}));
  EXPECT_EQ(cumsum(flags, 0).to_vector<int64_t>(), (std::vector<int64_t>{1, 1, 2}));
  EXPECT_EQ(prod(bytes).item<int64_t>(), 60000);
  const int32_t most = std::numeric_limits<int32_t>::max();
  const Tensor x = Tensor::from(std::vector<int32_t>{most, 1, most});
  EXPECT_EQ(cumsum(x, 0).to_vector<int32_t>(), (std::vector<int32_t>{most, -most - 1, -1}));
  EXPECT_EQ(prod(zeros({3, 0}, DType::int32), {1}).to_vector<int32_t>(), (std::vector<int32_t>{1, 1, 1}));
}

// Chains of chains of chains, and a bit of each.
TEST(Scan, GoesOnOverEveryLevelOfChains) {
  const int64_t n = 1024 * 1024 + 1024 + 1;
  const Tensor x = testing::awkward({n}, 5, false);
  const auto v = x.to_vector<float>();
  const auto chain_ends = [](const std::vector<float>& of) {
    std::vector<float> ends;
    for (size_t begin = 0; begin < of.size(); begin += 1024) {
      float s = 0;
      for (size_t k = begin; k < std::min(of.size(), begin + 1024); ++k) s += of[k];
      ends.push_back(s);
    }
    return ends;
  };
  const auto ends = chain_ends(v), ends_of_ends = chain_ends(ends);
  // The last element: its own chain of one, behind the last of the second level's chains, behind the first of the
  // third.
  const float before = (0.0f + ends_of_ends[0]) + ends[1024];
  const float want = before + (0.0f + v.back());
  ASSERT_EQ(ends.size(), 1026u);
  testing::on_all_machines([&] {
    const auto got = cumsum(x, 0).to_vector<float>();
    EXPECT_EQ(got.back(), want);
    EXPECT_EQ(got[1023], ends[0]);
    EXPECT_EQ(got[1024], ends[0] + v[1024]);
  });
  EXPECT_EQ(cumsum(ones({n}, DType::int64), 0).to_vector<int64_t>().back(), n);
}

TEST(Scan, ShowsItsChains) {
  // 2^24 swallows a 1 that is added to it, but the next chain begins anew.
  std::vector<float> x(1026, 0.0f);
  x[0] = 16777216.0f, x[1] = x[1024] = x[1025] = 1.0f;
  const auto y = cumsum(Tensor::from(x), 0).to_vector<float>();
  EXPECT_EQ(y[1], 16777216.0f);
  EXPECT_EQ(y[1024], 16777216.0f);
  EXPECT_EQ(y[1025], 16777218.0f);
}

TEST(Scan, RefusesInOneLine) {
  using ::testing::StartsWith;
  EXPECT_THAT(error_of([] { cumsum(zeros({2}), 1); }), StartsWith("cumsum: axis 1"));
  EXPECT_THAT(error_of([] { cumprod(zeros({}), 0); }), StartsWith("cumprod: axis 0"));
  EXPECT_THAT(error_of([] { prod(zeros({2}), {1}); }), StartsWith("prod: axis 1"));
  EXPECT_THAT(error_of([] { prod(zeros({2, 2}), {0, -2}); }), StartsWith("prod: axes (0, -2)"));
  EXPECT_THAT(error_of([] { cumsum(broadcast_to(zeros({}), {int64_t{1} << 62}), 0); }), StartsWith("cumsum: "));
  EXPECT_THAT(error_of([] { cumprod(broadcast_to(zeros({}), {int64_t{1} << 62}), 0); }), StartsWith("cumprod: "));
}

}  // namespace
}  // namespace stet
