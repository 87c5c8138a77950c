#include "stet/tensor/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/parallel.h"
#include "tensor/bits.h"

namespace stet {
namespace {

TEST(Philox, KnownAnswers) {
  // From the vectors that Random123 publishes for philox4x32-10.
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const uint32_t f = 0xffffffff;
  EXPECT_EQ(philox({f, f, f, f}, {f, f}), (std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

TEST(Stream, ElementsTakeTheWordsOfTheirCoordinate) {
  set_tick(5);
  Stream s(Rng(9, "words"));
  random_integers(s, {1}, 0, 10);
  const Tensor words = random_integers(s, {70}, 0, int64_t{1} << 32);  // the second call of the tick
  for (uint32_t i = 0; i < 70; ++i) {
    EXPECT_EQ(words[i].item<int64_t>(), philox({i >> 2, 1, 0, 5}, Rng(9, "words").key())[i & 3]) << i;
  }
  set_tick(0);
}

TEST(Stream, NormalsAreBoxAndMullers) {
  Stream s(Rng(3, "normal"));
  const Tensor z = normal(s, {2051});
  const auto key = Rng(3, "normal").key();
  for (uint32_t i = 0; i < 2051; ++i) {
    const auto words = philox({i >> 2, 0, 0, 0}, key);
    const uint32_t a = words[(i & 2)] >> 8, b = words[(i & 2) + 1] >> 8;
    const float r = math::sqrt(-2.0f * math::log(static_cast<float>(a + 1) * 0x1p-24f));
    const float angle = 2.0f * (static_cast<float>(b) * 0x1p-24f);
    ASSERT_EQ(z[i].item<float>(), r * (i & 1 ? math::sinpi(angle) : math::cospi(angle))) << i;
  }
}

TEST(Stream, ADeviationIsNotNegative) {
  Stream s(Rng(3, "normal"));
  EXPECT_THROW(normal(s, {2}, 0, -1), UsageError);
  EXPECT_THROW(normal(s, {2}, 0, std::nan("")), UsageError);
  EXPECT_EQ(normal(s, {2}, 3, 0).to_vector<float>(), (std::vector<float>{3, 3}));
}

TEST(Stream, DrawsDoNotDependOnThreads) {
  const auto draw = [] {
    Stream s(Rng(1, "threads"));
    return normal(s, {100003}).to_vector<float>();
  };
  const auto want = draw();
  for (int n : {1, 2, 3, 7}) {
    set_threads(n);
    EXPECT_TRUE(testing::all_same_bits(draw(), want));
  }
  set_threads(0);
}

TEST(Stream, TwoLiveStreamsOnOnePathThrow) {
  Stream s(Rng(1, "drop"));
  EXPECT_THROW(Stream(Rng(1, "drop")), UsageError);
  Stream other(Rng(2, "drop"));
  Stream copy = s;
  EXPECT_THROW(copy.next(), UsageError);
  Stream moved = std::move(s);
  EXPECT_NO_THROW(moved.next());
}

TEST(Rng, PathsNeedNames) {
  EXPECT_EQ((Rng(1) / "net" / "in").path(), "net/in");
  EXPECT_THROW(Rng(1) / "", UsageError);
  EXPECT_THROW(Rng(1) / "a/b", UsageError);
}

TEST(Dropout, TheGradientHasTheForwardsMask) {
  Stream s(Rng(4, "drop"));
  Parameter w(ones({1000}));
  const Tensor y = dropout(w, 0.25, s);
  const Tensor g = backward(sum(y))[w];
  EXPECT_TRUE(testing::all_same_bits(g.to_vector<float>(), y.to_vector<float>()));
  const auto values = y.to_vector<float>();
  const auto zeros = std::count(values.begin(), values.end(), 0.0f);
  EXPECT_GT(zeros, 200);
  EXPECT_LT(zeros, 300);
  EXPECT_EQ(*std::max_element(values.begin(), values.end()), static_cast<float>(1 / 0.75));
}

TEST(Permutation, IsFisherYatesOverTheEpochsWords) {
  const Rng rng(7, "shuffle");
  for (int64_t n : {0, 1, 2, 5, 64, 1001}) {
    std::vector<int64_t> want(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) want[static_cast<size_t>(i)] = i;
    for (int64_t i = n - 1; i > 0; --i) {
      const uint64_t word = philox({static_cast<uint32_t>(i >> 2), 0, 0, 3}, rng.key())[static_cast<size_t>(i & 3)];
      std::swap(want[static_cast<size_t>(i)], want[(word * static_cast<uint64_t>(i + 1)) >> 32]);
    }
    EXPECT_EQ(permutation(rng, n, 3), want);
  }
}

}  // namespace
}  // namespace stet
