// mixup, cutmix, erased rectangles and images in a grid.
#include "stet/data/mix.h"

#include <gmock/gmock.h>

#include <cfenv>
#include <cmath>

#include "data/support.h"
#include "error_of.h"
#include "stet/data/grid.h"
#include "stet/data/transforms.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Image i is i everywhere, its target one-hot i.
Tensor images(int64_t n, int64_t h, int64_t w) {
  return arange(n, DType::float32).reshape({n, 1, 1, 1}) * ones({n, 2, h, w});
}
Tensor targets(int64_t n) { return one_hot(arange(n), n); }

TEST(Beta, HasItsMeanAndVariance) {
  for (const double alpha : {0.2, 1.0, 4.0}) {
    Stream stream(Rng(2) / "beta");
    double sum = 0, squares = 0;
    const int n = 4000;
    for (int k = 0; k < n; ++k) {
      const double v = draw_beta(alpha, stream);
      ASSERT_TRUE(v >= 0 && v <= 1);
      sum += v;
      squares += v * v;
    }
    const double mean = sum / n, variance = squares / n - mean * mean, want = 1 / (4 * (2 * alpha + 1));
    EXPECT_NEAR(mean, 0.5, 5 * std::sqrt(want / n)) << alpha;
    EXPECT_NEAR(variance, want, 0.1 * want) << alpha;
  }
  Stream stream(Rng(2) / "beta");
  EXPECT_THROW(draw_beta(0, stream), UsageError);
}

TEST(Mixup, MixesEachWithTheOneBefore) {
  Stream stream(Rng(2) / "mix");
  const auto [x, target, lambda] = mixup(images(3, 2, 2), targets(3), 1.0, stream);
  EXPECT_GT(lambda, 0);
  EXPECT_LT(lambda, 1);
  const std::vector<double> before{2, 0, 1};
  for (int64_t i = 0; i < 3; ++i) {
    const double want = lambda * static_cast<double>(i) + (1 - lambda) * before[static_cast<size_t>(i)];
    EXPECT_NEAR(x[i][1][1][0].item<float>(), want, 1e-6);
    EXPECT_NEAR(target[i][i].item<float>(), lambda, 1e-6);
    EXPECT_NEAR(target[i][static_cast<int64_t>(before[static_cast<size_t>(i)])].item<float>(), 1 - lambda, 1e-6);
  }
  EXPECT_THAT(error_of([&] { mixup(images(3, 2, 2), arange(3), 1, stream); }), HasSubstr("see one_hot"));
  EXPECT_THAT(error_of([&] { cutmix(images(3, 2, 2), targets(3), 0.001, stream); }), HasSubstr("cutmix: alpha 0.001"));
}

TEST(Mixup, DoesNotDependOnTheCallersRounding) {
  const auto mixed = [](int rounding, int64_t seed) {
    Stream stream(Rng(2) / "mix" / seed);
    std::fesetround(rounding);
    const Mixed m = mixup(images(3, 2, 2).to(DType::float64) / 3.0, targets(3).to(DType::float64), 0.3, stream);
    std::fesetround(FE_TONEAREST);
    return std::tuple(m.lambda, m.x.to_vector<double>(), m.target.to_vector<double>());
  };
  for (int64_t seed = 0; seed < 8; ++seed) {
    EXPECT_EQ(mixed(FE_UPWARD, seed), mixed(FE_TONEAREST, seed));
    EXPECT_EQ(mixed(FE_DOWNWARD, seed), mixed(FE_TONEAREST, seed));
  }
}

TEST(Cutmix, CutsARectangleOfTheOneBefore) {
  Stream stream(Rng(2) / "cut");
  bool cut = false;
  for (int k = 0; k < 20; ++k) {
    const auto [x, target, lambda] = cutmix(images(3, 8, 6), targets(3), 1.0, stream);
    const double of_partner = mean(x[1] - 1).item<float>() * -1;  // pixels of image 0 in image 1
    EXPECT_NEAR(of_partner, 1 - lambda, 1e-6);
    EXPECT_NEAR(target[1][1].item<float>(), lambda, 1e-6);
    EXPECT_NEAR(target[1][0].item<float>(), 1 - lambda, 1e-6);
    // A rectangle: the cut rows are alike.
    const Tensor rows = sum(x[1][0] - 1, {1}), most = min(rows);
    for (float r : rows.to_vector<float>()) EXPECT_TRUE(r == 0 || r == most.item<float>());
    cut |= lambda < 1;
  }
  EXPECT_TRUE(cut);
  EXPECT_THROW(cutmix(zeros({2, 3}), targets(2), 1, stream), UsageError);
}

TEST(RandomErasing, ErasesARectangleOfItsSize) {
  int erased = 0;
  for (uint64_t s = 0; s < 200; ++s) {
    SampleDraws draws(Rng(5) / "erase", 0, s);
    const Tensor y = RandomErasing{.probability = 0.5f, .fill = -1}(ones({3, 20, 30}), draws);
    ASSERT_EQ(y.shape(), Shape({3, 20, 30}));
    const Tensor gone = (1 - y) / 2;  // 1 where it was erased
    const float part = mean(gone).item<float>();
    if (part == 0) continue;
    ++erased;
    EXPECT_GT(part, 0.01f);
    EXPECT_LT(part, 0.37f);
    const float rows = sum(max(gone[0], {1})).item<float>(), columns = sum(max(gone[0], {0})).item<float>();
    EXPECT_EQ(rows * columns, sum(gone[0]).item<float>());
    EXPECT_EQ(sum(gone[0]).item<float>(), sum(gone[2]).item<float>());
  }
  EXPECT_NEAR(erased, 100, 30);
  SampleDraws draws(Rng(5) / "erase", 0, 0);
  EXPECT_THROW(RandomErasing{.least = 0}(ones({2, 2}), draws), UsageError);
  EXPECT_EQ((RandomErasing{.probability = 1})(ones({4, 8, 8}).to(DType::uint8), draws).dtype(), DType::uint8);
}

TEST(Grid, LaysImagesInRows) {
  const Tensor grid =
      make_grid(arange(3, DType::float32).reshape({3, 1, 1}) + 1, {.columns = 2, .padding = 1, .fill = 9});
  EXPECT_EQ(grid.shape(), Shape({1, 5, 5}));
  EXPECT_THAT(grid.to_vector<float>(), ElementsAre(9, 9, 9, 9, 9,  //
                                                   9, 1, 9, 2, 9,  //
                                                   9, 9, 9, 9, 9,  //
                                                   9, 3, 9, 9, 9,  //
                                                   9, 9, 9, 9, 9));
  EXPECT_EQ(make_grid(ones({5, 3, 4, 6})).shape(), Shape({3, 8, 42}));
  const Tensor normal = make_grid(images(3, 1, 1), {.padding = 0, .normalise = true});
  EXPECT_THAT(normal[0][0].to_vector<float>(), ElementsAre(0, 0.5f, 1));
  EXPECT_THROW(make_grid(ones({2, 2})), UsageError);
  EXPECT_THROW(make_grid(ones({2, 2, 2}), {.columns = 0}), UsageError);
  EXPECT_THAT(error_of([] {
                make_grid(zeros({2, 2, 2}, DType::uint8), {.normalise = true});
              }),
              HasSubstr("make_grid: takes float32 or float64, not uint8"));
  EXPECT_EQ(error_of([] {
              make_grid(zeros({2, 2, 2}, DType::uint8), {.fill = 0.5});
            }),
            "make_grid: 0.5 is not a value of uint8");
}

}  // namespace
}  // namespace stet::data
