// Draws by weight: that they are in proportion, what is never drawn, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "error_of.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/rng.h"

namespace stet {
namespace {

using ::testing::StartsWith;

std::vector<double> shares(const Tensor& drawn, int64_t n) {
  std::vector<double> all(static_cast<size_t>(n));
  for (int64_t i : drawn.to_vector<int64_t>()) all[static_cast<size_t>(i)] += 1 / static_cast<double>(drawn.elements());
  return all;
}

TEST(Multinomial, DrawsInProportionAndNeverAZero) {
  Stream stream(Rng(1, "draws"));
  const Tensor w = Tensor::from(std::vector<float>{0, 1, 0, 2, 5, 0});
  const auto share = shares(multinomial(stream, w, 100000, true), 6);
  EXPECT_EQ(share[0] + share[2] + share[5], 0);
  EXPECT_NEAR(share[1], 0.125, 0.005);
  EXPECT_NEAR(share[3], 0.25, 0.006);
}

// Words are of the draw's counter, two an element, and 53 bits of them are a number in [0, 1).
TEST(Multinomial, DrawsTheLowestWhoseRunningSumIsAboveTheNumber) {
  const std::vector<double> w = {0.1, 0.7, 0, 0.3, 1e-20, 2.5};
  Stream stream(Rng(1, "words"));
  const auto got = multinomial(stream, Tensor::from(w), 1000, true).to_vector<int64_t>();
  const PhiloxKey key = Rng(1, "words").key();
  for (uint32_t k = 0; k < 1000; ++k) {
    const auto words = philox({2 * k / 4, 0, 0, 0}, key);
    const uint64_t a = words[2 * k % 4], b = words[2 * k % 4 + 1];
    const double u = std::ldexp(static_cast<double>((a >> 5) * 67108864 + (b >> 6)), -53);
    double total = 0, sum = 0;
    for (double one : w) total += one;
    int64_t want = 0;
    for (sum = w[0]; !(sum > u * total); sum += w[static_cast<size_t>(want)]) ++want;
    ASSERT_EQ(got[k], want) << k;
  }
}

TEST(Multinomial, WithoutReplacementDrawsEachOnce) {
  Stream stream(Rng(1, "draws"));
  const Tensor w = broadcast_to(Tensor::from(std::vector<float>{3, 1, 0, 2}), {2000, 4});
  const auto drawn = multinomial(stream, w, 3).to_vector<int64_t>();
  double first = 0;
  for (size_t row = 0; row < 2000; ++row) {
    const std::set<int64_t> once(drawn.begin() + 3 * row, drawn.begin() + 3 * row + 3);
    EXPECT_EQ(once, (std::set<int64_t>{0, 1, 3}));
    first += drawn[3 * row] == 0 ? 1 : 0;
  }
  EXPECT_NEAR(first / 2000, 0.5, 0.04);
}

TEST(Multinomial, DrawsBySubnormalWeightsToo) {
  Stream stream(Rng(1, "draws"));
  const double least = std::numeric_limits<double>::denorm_min();
  const Tensor w = Tensor::from(std::vector<double>{0, least, 0, least, 0});
  for (int64_t i : multinomial(stream, w, 200, true).to_vector<int64_t>()) EXPECT_TRUE(i == 1 || i == 3) << i;
}

TEST(Multinomial, RefusesInOneLine) {
  Stream stream(Rng(1, "draws"));
  const float inf = std::numeric_limits<float>::infinity();
  const std::string wrong =
      "multinomial: row 1 has a weight that is negative or not finite, or too few that are above 0";
  for (float w : {-1.0f, inf, std::nanf(""), 0.0f}) {
    const Tensor weights = Tensor::from(std::vector<float>{1, 1, w, 0}, {2, 2});
    for (bool replacement : {false, true})
      EXPECT_EQ(error_of<DataError>([&] { multinomial(stream, weights, 1, replacement); }), wrong) << w;
  }
  EXPECT_THAT(error_of<DataError>([&] { multinomial(stream, ones({2}), 3); }), StartsWith("multinomial: row 0"));
  EXPECT_THAT(error_of<DataError>([&] { multinomial(stream, zeros({2, 0}), 3); }), StartsWith("multinomial: row 0"));
  EXPECT_THAT(error_of([&] { multinomial(stream, ones({}), 1); }), StartsWith("multinomial: takes weights"));
  EXPECT_THAT(error_of([&] { multinomial(stream, ones({2}), -1); }), StartsWith("multinomial: -1"));
  EXPECT_THAT(error_of([&] { multinomial(stream, ones({2}, DType::int64), 1); }),
              StartsWith("multinomial: takes float"));
  EXPECT_THAT(error_of([&] { multinomial(stream, ones({2}), int64_t{1} << 40); }), StartsWith("multinomial: "));
  EXPECT_EQ(multinomial(stream, ones({3, 2}), 0).shape(), (Shape{3, 0}));
}

TEST(Gumbel, HasItsMeanAndDeviationAndIsFinite) {
  Stream stream(Rng(1, "noise"));
  const Tensor x = gumbel(stream, {100000});
  EXPECT_TRUE(sum((!isfinite(x)).to(DType::int64)).item<int64_t>() == 0);
  EXPECT_NEAR(mean(x).item<float>(), 0.5772, 0.02);
  EXPECT_NEAR(mean(square(x)).item<float>(), 1.978, 0.06);
}

TEST(GumbelSoftmax, HardIsOneHotWithTheSoftGradient) {
  const auto run = [](bool hard) {
    Stream stream(Rng(1, "noise"));
    const Tensor x = watch(Tensor::from(std::vector<float>{0.1f, 2, -1, 0.3f, 0, 0.7f}, {2, 3}));
    const Tensor y = gumbel_softmax(stream, x, {.temperature = 0.5, .hard = hard});
    const Tensor g = backward(sum(y * Tensor::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3})))[x];
    return std::pair(y.to_vector<float>(), g.to_vector<float>());
  };
  const auto [hard, hard_gradient] = run(true);
  const auto [soft, soft_gradient] = run(false);
  EXPECT_EQ(hard_gradient, soft_gradient);
  for (size_t row = 0; row < 2; ++row) {
    const auto begin = soft.begin() + 3 * row;
    for (size_t i = 0; i < 3; ++i)
      EXPECT_EQ(hard[3 * row + i], begin + i == std::max_element(begin, begin + 3) ? 1 : 0);
  }
}

TEST(GumbelSoftmax, RefusesInOneLine) {
  Stream stream(Rng(1, "noise"));
  EXPECT_THAT(error_of([&] { gumbel(stream, {2}, DType::int32); }), StartsWith("gumbel: draws float32"));
  EXPECT_THAT(error_of([&] { gumbel(stream, {int64_t{1} << 40}); }), StartsWith("gumbel: "));
  EXPECT_THAT(error_of([&] { gumbel_softmax(stream, ones({2}), {.temperature = 0}); }),
              StartsWith("gumbel_softmax: the temperature"));
  EXPECT_THAT(error_of([&] { gumbel_softmax(stream, ones({2}), {.axis = 1}); }), StartsWith("gumbel_softmax: axis 1"));
  EXPECT_THAT(error_of([&] { gumbel_softmax(stream, ones({2}, DType::uint8)); }),
              StartsWith("gumbel_softmax: takes float"));
}

}  // namespace
}  // namespace stet
