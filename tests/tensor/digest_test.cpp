#include "stet/tensor/digest.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "stet/tensor/ops.h"
#include "stet/tensor/parallel.h"
#include "tensor/bits.h"
#include "tensor/machines.h"

namespace stet {
namespace {

// The definition, written out once more.
uint64_t mix(uint64_t x) {
  for (int round = 0; round < 2; ++round) x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93;
  return x ^ (x >> 32);
}

Digest by_the_page(const DigestSalt& salt, const std::vector<uint64_t>& words) {
  Digest d{salt.low, salt.high};
  for (size_t i = words.size(); i-- > 0;) {  // from the end: the order doesn't matter
    const uint64_t y = mix(words[i] ^ (salt.low + (i + 1) * 0x9E3779B97F4A7C15));
    const uint64_t z = (y ^ salt.high) * 0x9FB21C651E98DF25;
    d.low += y;
    d.high += z ^ (z >> 32);
  }
  return d;
}

std::vector<float> numbers(size_t n) {
  std::vector<float> v(n);
  for (size_t i = 0; i < n; ++i) v[i] = static_cast<float>(i) * 0.25f - 3;
  return v;
}

TEST(Digest, FollowsItsDefinition) {
  const DigestSalt salt("net/weight", "int64", "[3]");
  EXPECT_EQ(digest("net/weight", Tensor::from(std::vector<int64_t>{1, -2, 1 << 30})),
            by_the_page(salt, {1, ~uint64_t{1}, 1 << 30}));
}

TEST(Digest, IsTheSameForAnyNumberOfThreads) {
  const Tensor x = Tensor::from(numbers(300'001));
  set_threads(1);
  const Digest one = digest("x", x);
  for (const int n : {2, 3, 7}) {
    set_threads(n);
    EXPECT_EQ(digest("x", x), one);
  }
  set_threads(0);
}

TEST(Digest, IsTheSameOnEveryInstructionSet) {
  for (const int64_t n : {1, 2, 15, 16, 17, 1001}) {
    const Tensor x = testing::awkward({n}, 1);
    std::vector<uint64_t> words(static_cast<size_t>(n + 1) / 2);
    const std::vector<float> values = x.to_vector<float>();
    for (size_t i = 0; i < values.size(); ++i) {
      const uint32_t bits = std::isnan(values[i]) ? 0x7fc00000 : std::bit_cast<uint32_t>(values[i]);
      words[i / 2] |= static_cast<uint64_t>(bits) << (i % 2 * 32);
    }
    const Digest want = by_the_page(DigestSalt("x", "float32", x.shape().to_string()), words);
    testing::on_all_machines([&] { EXPECT_EQ(digest("x", x), want) << n; });
  }
}

TEST(Digest, TellsNamesTypesShapesOrderAndEveryBitApart) {
  const Tensor x = Tensor::from(numbers(12));
  const Digest d = digest("x", x);
  EXPECT_NE(d, digest("y", x));
  EXPECT_NE(d, digest("x", x.reshape({3, 4})));
  EXPECT_NE(d, digest("x", x.to(DType::float64)));
  auto swapped = numbers(12);
  std::swap(swapped[2], swapped[5]);
  EXPECT_NE(d, digest("x", Tensor::from(swapped)));
  auto negative_zero = numbers(12);
  negative_zero[0] = 0.0f;
  const Digest zero = digest("x", Tensor::from(negative_zero));
  negative_zero[0] = -0.0f;
  EXPECT_NE(zero, digest("x", Tensor::from(negative_zero)));
  EXPECT_NE(digest("x", int64_t{1}), digest("x", uint64_t{1}));
  EXPECT_NE(digest("x", true), digest("x", false));
  EXPECT_NE(digest_text("x", "a"), digest_text("x", std::string_view("a\0", 2)));
}

TEST(Digest, TakesAViewAsItsCopy) {
  const Tensor x = Tensor::from(numbers(12)).reshape({3, 4}).transpose();
  EXPECT_EQ(digest("x", x), digest("x", contiguous(x)));
}

TEST(Digest, WritesEveryNanOneWay) {
  const auto nan = [](float v) { return Tensor::from(std::vector<float>{1, v, 3}); };
  EXPECT_EQ(digest("x", nan(std::numeric_limits<float>::quiet_NaN())), digest("x", nan(-std::nanf("0x123"))));
  EXPECT_EQ(digest("x", std::numeric_limits<double>::quiet_NaN()), digest("x", -std::nan("0x123")));
  EXPECT_NE(digest("x", nan(std::numeric_limits<float>::infinity())),
            digest("x", nan(std::numeric_limits<float>::quiet_NaN())));
}

TEST(Digest, SumsInAnyOrder) {
  const Digest a = digest("a", int64_t{1}), b = digest("b", int64_t{2}), c = digest("c", int64_t{3});
  EXPECT_EQ(DigestSum().add(a).add(b).add(c).value(), DigestSum().add(c).add(a).add(b).value());
  EXPECT_NE(DigestSum().add(a).add(b).value(), DigestSum().add(a).add(c).value());
}

// A changed definition would make every record unverifiable: it is a new version of the numerics contract.
TEST(Digest, Golden) {
  EXPECT_EQ(digest("net/in/weight", Tensor::from(numbers(9)).reshape({3, 3})).hex(),
            "6ff892388e1d393756b55d52ab3bf784");
  EXPECT_EQ(digest("steps", int64_t{423}).hex(), "c11c7b93e1e30119c038e7b52aef9850");
  EXPECT_EQ(digest_text("name", "stet").hex(), "b6d7f20cd646b98226c54af5c180421a");
}

}  // namespace
}  // namespace stet
