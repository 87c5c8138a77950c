// Resampling where the table of ops doesn't come: what must not change, other dtypes, and refusals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "error_of.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "tensor/bits.h"

namespace stet {
namespace {

using ::testing::StartsWith;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

TEST(Interpolate, ToItsOwnSizeLeavesEveryBit) {
  const Tensor x = testing::awkward({2, 3, 5, 7}, 1);
  for (const auto mode : {Interpolation::nearest, Interpolation::nearest_exact, Interpolation::linear,
                          Interpolation::cubic, Interpolation::area}) {
    EXPECT_TRUE(testing::all_same_bits(interpolate(x, {.size = {5, 7}, .mode = mode}).to_vector<float>(),
                                       x.to_vector<float>()));
  }
  EXPECT_TRUE(testing::all_same_bits(
      interpolate(x, {.scale = {1}, .mode = Interpolation::bicubic, .antialias = true}).to_vector<float>(),
      x.to_vector<float>()));
}

// What has no weight takes no part: a NaN beside a place that is whole doesn't show.
TEST(Interpolate, LeavesOutWhatHasNoWeight) {
  const Tensor x = Tensor::from(std::vector<float>{-0.0f, kNaN, 2}, {1, 1, 3});
  const auto y = interpolate(x, {.size = {5}, .mode = Interpolation::linear, .align_corners = true}).to_vector<float>();
  EXPECT_TRUE(testing::all_same_bits(y, {-0.0f, kNaN, kNaN, kNaN, 2}));
  const auto near = interpolate(x, {.size = {6}}).to_vector<float>();
  EXPECT_TRUE(testing::all_same_bits(near, {-0.0f, -0.0f, kNaN, kNaN, 2, 2}));
}

TEST(Interpolate, IsJudgedBySizeNotByScale) {
  const Tensor x = testing::awkward({1, 1, 10}, 1, false);
  const auto by_scale = interpolate(x, {.scale = {0.33}, .mode = Interpolation::linear});
  EXPECT_EQ(by_scale.size(2), 3);
  EXPECT_EQ(by_scale.to_vector<float>(),
            interpolate(x, {.size = {3}, .mode = Interpolation::linear}).to_vector<float>());
}

TEST(Interpolate, TakesTheNearestOfIntegersAndBool) {
  for (DType dtype : {DType::uint8, DType::int32, DType::int64, DType::boolean}) {
    const Tensor x = Tensor::from(std::vector<int64_t>{0, 1, 1, 0}, {1, 1, 2, 2}).to(dtype);
    EXPECT_EQ(interpolate(x, {.size = {2, 4}}).to(DType::int64).to_vector<int64_t>(),
              (std::vector<int64_t>{0, 0, 1, 1, 1, 1, 0, 0}));
  }
}

// float32 rounds the last column's number up.
TEST(GridSample, ReadsTheLastOfManyColumns) {
  const int64_t width = (int64_t{1} << 24) + 4;
  const Tensor x = zeros({1, 1, 1, width});
  for (const GridPadding padding : {GridPadding::zeros, GridPadding::border}) {
    const GridSampleOptions options{.padding = padding, .align_corners = true};
    EXPECT_EQ(grid_sample(x, ones({1, 1, 1, 2}), options).item<float>(), 0);
  }
}

TEST(Interpolate, RefusesInOneLine) {
  const Tensor x = zeros({1, 2, 3, 4});
  const auto of = [&](const InterpolateOptions& o) { return error_of([&] { interpolate(x, o); }); };
  EXPECT_EQ(of({}), "interpolate: takes either a size or a scale");
  EXPECT_EQ(of({.size = {3, 3}, .scale = {2}}), "interpolate: takes either a size or a scale");
  EXPECT_EQ(of({.size = {3}}), "interpolate: 1 extents for shape [1, 2, 3, 4], which has 2 spatial axes");
  EXPECT_EQ(of({.size = {3, 0}}), "interpolate: extents are 1 to 2^30, and [1, 2, 3, 4] can't become [3, 0]");
  EXPECT_EQ(of({.scale = {std::nan("")}}), "interpolate: extents are 1 to 2^30, and 3 times a scale of nan is none");
  EXPECT_EQ(of({.scale = {1, 1e30}}), "interpolate: extents are 1 to 2^30, and 4 times a scale of 1e+30 is none");
  EXPECT_THAT(of({.size = {int64_t{1} << 31, 2}}), StartsWith("interpolate: extents are 1 to 2^30"));
  EXPECT_THAT(of({.size = {2, 2}, .align_corners = true}), StartsWith("interpolate: align_corners and antialias"));
  EXPECT_THAT(of({.size = {2, 2}, .mode = Interpolation::linear, .align_corners = true, .antialias = true}),
              StartsWith("interpolate: takes align_corners or antialias"));
  EXPECT_THAT(error_of([] {
                interpolate(zeros({2, 3}), {.scale = {2}});
              }),
              StartsWith("interpolate: takes [N, C, ..]"));
  EXPECT_THAT(error_of([] {
                interpolate(zeros({1, 1, 3}, DType::uint8), {.scale = {2}, .mode = Interpolation::linear});
              }),
              StartsWith("interpolate: takes float32 or float64, not uint8"));
  EXPECT_THAT(error_of([] {
                interpolate(zeros({1, 1, 0}), {.scale = {2}});
              }),
              StartsWith("interpolate: extents are 1"));
  const Tensor large = broadcast_to(zeros({}), {int64_t{1} << 30, int64_t{1} << 30, 2});
  EXPECT_THAT(error_of([&] { interpolate(large, {.size = {1 << 30}}); }), StartsWith("interpolate: "));
}

TEST(GridSample, OfTheGridThatAffineGridMakesOfTheIdentityIsTheImage) {
  const Tensor x = testing::awkward({2, 3, 4, 8}, 1, false);
  const Tensor theta = broadcast_to(Tensor::from(std::vector<float>{1, 0, 0, 0, 1, 0}, {2, 3}), {2, 2, 3});
  const Tensor y = grid_sample(x, affine_grid(theta, x.shape()));
  EXPECT_EQ(y.to_vector<float>(), x.to_vector<float>());  // 4 and 8 divide without rounding
}

TEST(GridSample, TakesAnyPlace) {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor x = ones({1, 1, 3, 3});
  const Tensor grid = Tensor::from(std::vector<float>{kNaN, 0, inf, 0, -inf, 3e38f, 1e20f, -1e20f}, {1, 1, 4, 2});
  EXPECT_TRUE(testing::all_same_bits(grid_sample(x, grid, {.mode = GridSampling::nearest}).to_vector<float>(),
                                     std::vector<float>(4, 0)));
  EXPECT_EQ(grid_sample(x, grid.slice(2, 1, 4), {.padding = GridPadding::border}).to_vector<float>(),
            std::vector<float>(3, 1));
}

TEST(GridSample, RefusesInOneLine) {
  const Tensor x = zeros({2, 3, 4, 5}), grid = zeros({2, 6, 7, 2});
  EXPECT_THAT(error_of([&] { grid_sample(x, zeros({2, 6, 7, 3})); }), StartsWith("grid_sample: takes x [N, C, H, W]"));
  EXPECT_THAT(error_of([&] { grid_sample(x, zeros({1, 6, 7, 2})); }), StartsWith("grid_sample: takes x [N, C, H, W]"));
  EXPECT_THAT(error_of([&] { grid_sample(zeros({2, 3, 0, 5}), grid); }), StartsWith("grid_sample: takes x"));
  EXPECT_THAT(error_of([&] { grid_sample(x.to(DType::int64), grid); }), StartsWith("grid_sample: takes float32"));
  EXPECT_THAT(error_of([&] { grid_sample(x, grid.to(DType::float64)); }),
              StartsWith("grid_sample: float32 and float64"));
  EXPECT_THAT(error_of([&] {
                affine_grid(zeros({2, 3}), x.shape());
              }),
              StartsWith("affine_grid: takes theta [N, 2, 3]"));
  EXPECT_THAT(error_of([&] { affine_grid(zeros({2, 2, 3}), {2, 1, 4}); }), StartsWith("affine_grid: takes theta"));
  const int64_t huge = int64_t{1} << 32;
  EXPECT_THAT(error_of([&] { affine_grid(zeros({1, 2, 3}), {1, 1, huge, huge}); }), StartsWith("affine_grid: "));
}

}  // namespace
}  // namespace stet
