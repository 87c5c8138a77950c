#include "stet/data/geometry.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numbers>
#include <set>

#include "data/support.h"
#include "error_of.h"
#include "stet/data/augment.h"
#include "stet/data/bilinear.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

SampleDraws draws(uint64_t sample = 0) { return SampleDraws(Rng(5) / "test", 0, sample); }

// Pixels 1, 2, 3, … as float32.
Tensor image(const Shape& shape) { return (arange(shape.elements()) + 1).to(DType::float32).reshape(shape.dims()); }

TEST(Resize, IsInterpolationAtASizeOrByTheShorterSide) {
  SampleDraws d = draws();
  const Tensor x = image({3, 8, 12});
  const Tensor want = interpolate(x.unsqueeze(0), {.size = {4, 6}, .mode = Interpolation::bilinear, .antialias = true});
  EXPECT_EQ(bytes_of(Resize{.height = 4, .width = 6}(x, d)), bytes_of(want.squeeze(0)));
  EXPECT_EQ(bytes_of(Resize{.shorter = 4}(x, d)), bytes_of(want.squeeze(0)));
  EXPECT_EQ(Resize{.shorter = 5}(image({12, 8}), d).shape(), Shape({7, 5}));
  EXPECT_EQ((Resize{.height = 2, .width = 3, .mode = Interpolation::nearest})(image({1, 4, 6}), d).to_vector<float>(),
            (std::vector<float>{1, 3, 5, 13, 15, 17}));
  EXPECT_THAT(error_of([&] { Resize{}(x, d); }), HasSubstr("resize: 0x0 is no size"));
  EXPECT_THAT(error_of([&] { Resize{.height = 2, .shorter = 3}(x, d); }), HasSubstr("not both"));
  EXPECT_THAT(error_of([&] { Resize{.shorter = 3}(image({3}), d); }), HasSubstr("no image"));
}

TEST(CenterCrop, TakesTheMiddleAndFramesWhatIsSmaller) {
  SampleDraws d = draws();
  EXPECT_THAT((CenterCrop{.height = 1, .width = 2})(image({3, 4}), d).to_vector<float>(), ElementsAre(6, 7));
  EXPECT_THAT((CenterCrop{.height = 2, .width = 2, .fill = -1})(image({1, 4}), d).to_vector<float>(),
              ElementsAre(2, 3, -1, -1));
  EXPECT_EQ((CenterCrop{.height = 2, .width = 2})(image({3, 5, 5}).to(DType::uint8), d).dtype(), DType::uint8);
  EXPECT_THAT(error_of([&] { CenterCrop{.height = 0, .width = 2}(image({3, 3}), d); }), HasSubstr("0x2 is no window"));
}

TEST(RandomResizedCrop, TakesPartsOfTheSharesAsked) {
  const Tensor x = image({1, 20, 30});
  std::set<std::string> seen;
  for (uint64_t s = 0; s < 50; ++s) {
    SampleDraws d = draws(s);
    const Tensor y = RandomResizedCrop{.height = 7, .width = 5}(x, d);
    EXPECT_EQ(y.shape(), (Shape{1, 7, 5}));
    EXPECT_GE(min(y).item<float>(), 1);
    EXPECT_LE(max(y).item<float>(), 600);
    seen.insert(bytes_of(y));
  }
  EXPECT_EQ(seen.size(), 50u);
  // No part of a narrow image has such proportions: the middle of it is taken.
  SampleDraws d = draws();
  const Tensor y = RandomResizedCrop{.height = 4, .width = 4, .least = 1, .flattest = 1}(image({1, 4, 100}), d);
  EXPECT_EQ(bytes_of(y), bytes_of(image({1, 4, 100}).slice(2, 48, 52)));
  EXPECT_THAT(error_of([&] { RandomResizedCrop{.height = 4, .width = 4, .least = 0}(x, d); }),
              HasSubstr("resized crop: parts 0 to 1"));
}

TEST(RandomVerticalFlip, TurnsUpsideDown) {
  SampleDraws d = draws();
  EXPECT_THAT(RandomVerticalFlip{.probability = 1}(image({2, 2}), d).to_vector<float>(), ElementsAre(3, 4, 1, 2));
  EXPECT_THAT(RandomVerticalFlip{.probability = 0}(image({2, 2}), d).to_vector<float>(), ElementsAre(1, 2, 3, 4));
}

TEST(RandomApply, AppliesAsOftenAsAsked) {
  const Tensor x = image({2, 2});
  const auto upside_down = RandomApply{RandomVerticalFlip{.probability = 1}, 0.25f};
  int flipped = 0;
  for (uint64_t s = 0; s < 1000; ++s) {
    SampleDraws d = draws(s);
    flipped += bytes_of(upside_down(x, d)) != bytes_of(x);
  }
  EXPECT_NEAR(flipped, 250, 60);
}

TEST(RandomAffine, WithoutMovementChangesNothing) {
  const Tensor x = image({2, 5, 4});
  SampleDraws d = draws();
  EXPECT_EQ(bytes_of(RandomAffine{}(x, d)), bytes_of(x));
}

TEST(RandomAffine, MovesTurnsScalesAndShears) {
  // Within the image, bilinear interpolation of a plane is the plane.
  const Tensor x = image({1, 21, 21});
  const RandomAffine affine{.degrees = 20,
                            .shift_x = 0.1f,
                            .shift_y = 0.05f,
                            .scale_least = 0.9f,
                            .scale_most = 1.2f,
                            .shear = 10,
                            .fill = 1e6f};
  for (uint64_t s = 0; s < 20; ++s) {
    SampleDraws d = draws(s), same = draws(s);
    const auto either_way = [&](double bound) { return (2 * double{same.uniform()} - 1) * bound; };
    const double turn = either_way(20) * std::numbers::pi / 180, dx = either_way(2.1), dy = either_way(1.05);
    const double scale = 0.9 + double{same.uniform()} * 0.3, slant = std::tan(either_way(10) * std::numbers::pi / 180);
    const std::vector<float> y = affine(x, d).to_vector<float>();
    for (int i = 7; i < 14; ++i) {
      for (int j = 7; j < 14; ++j) {
        const double v = i - 10 - dy, u = j - 10 - dx;
        const double from_y = (std::cos(turn) * v - std::sin(turn) * u) / scale;
        const double from_x = (std::sin(turn) * v + std::cos(turn) * u) / scale - slant * from_y;
        EXPECT_NEAR(y[static_cast<size_t>(21 * i + j)], 21 * (from_y + 10) + from_x + 11, 2e-3);
      }
    }
  }
}

TEST(Bilinear, OfAnyCoordinateIsTheFillOutside) {
  const std::vector<float> plane = {1, 2, 3, 4};
  const Bilinear image(plane.data(), 2, 2, 9);
  EXPECT_EQ(image(0.5f, 0.5f), 2.5f);
  for (const float far : {1e30f, -1e30f, 9.3e18f, -3.0f, 2.0f}) {
    EXPECT_EQ(image(far, 0), 9) << far;
    EXPECT_EQ(image(1, far), 9) << far;
  }
  EXPECT_TRUE(std::isnan(image(std::nanf(""), 0)));
}

TEST(RandomAffine, RefusesInOneLine) {
  SampleDraws d = draws();
  const Tensor x = image({1, 4, 4});
  EXPECT_THAT(error_of([&] { RandomAffine{.degrees = 181}(x, d); }), HasSubstr("affine: 181 degrees"));
  EXPECT_THAT(error_of([&] { RandomAffine{.shift_x = 2}(x, d); }), HasSubstr("affine: shifts of 2"));
  EXPECT_THAT(error_of([&] { RandomAffine{.scale_least = 0}(x, d); }), HasSubstr("affine: factors 0"));
  EXPECT_THAT(error_of([&] { RandomAffine{.shear = 90}(x, d); }), HasSubstr("affine: a shear of 90"));
  EXPECT_THAT(error_of([&] { RandomAffine{}(x.to(DType::uint8), d); }), HasSubstr("not uint8"));
}

}  // namespace
}  // namespace stet::data
