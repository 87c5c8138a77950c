#include "stet/data/augment.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numbers>
#include <set>

#include "data/support.h"
#include "error_of.h"
#include "stet/data/in_memory.h"
#include "stet/data/loader.h"
#include "stet/data/transforms.h"
#include "stet/tensor/ops.h"

namespace stet::data {
namespace {

using testing::HasSubstr;

SampleDraws draws(uint64_t sample = 0, uint32_t epoch = 0) { return SampleDraws(Rng(5) / "test", epoch, sample); }

// Pixels 1, 2, 3, … as float32.
Tensor image(Shape shape) {
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i + 1);
  return Tensor::from(values, std::move(shape));
}

TEST(RandomCrop, TakesEveryWindowAndNoOther) {
  const Tensor x = image({2, 3, 3});
  std::set<std::string> seen;
  for (uint64_t s = 0; s < 300; ++s) {
    SampleDraws d = draws(s);
    const Tensor y = RandomCrop{.height = 3, .width = 4, .padding = 1, .fill = -1}(x, d);
    ASSERT_EQ(y.shape(), (Shape{2, 3, 4}));
    seen.insert(bytes_of(y));
  }
  std::set<std::string> possible;
  for (int64_t top = 0; top < 3; ++top) {
    for (int64_t left = 0; left < 2; ++left) {
      std::vector<float> window;
      for (int64_t c = 0; c < 2; ++c) {
        for (int64_t i = top - 1; i < top + 2; ++i) {
          for (int64_t j = left - 1; j < left + 3; ++j) {
            const bool inside = i >= 0 && i < 3 && j >= 0 && j < 3;
            window.push_back(inside ? static_cast<float>(c * 9 + i * 3 + j + 1) : -1.0f);
          }
        }
      }
      possible.insert(bytes_of(Tensor::from(window)));
    }
  }
  EXPECT_EQ(seen, possible);
}

TEST(RandomCrop, KeepsTheDtypeAndRefusesAWindowTooLarge) {
  SampleDraws d = draws();
  EXPECT_EQ((RandomCrop{.height = 2, .width = 2})(image({3, 3}).to(DType::uint8), d).dtype(), DType::uint8);
  EXPECT_THAT(error_of([&] {
                RandomCrop{.height = 4, .width = 2}(image({3, 3}), d);
              }),
              HasSubstr("[3, 3] padded by 0 is smaller than 4x2"));
  EXPECT_THAT(error_of([&] { RandomCrop{.height = 1, .width = 1}(image({3}), d); }), HasSubstr("no image"));
}

TEST(RandomFlip, MirrorsLeftToRightAsOftenAsAsked) {
  const Tensor x = image({1, 2, 3});
  int flipped = 0;
  for (uint64_t s = 0; s < 1000; ++s) {
    SampleDraws d = draws(s);
    const std::vector<float> y = RandomFlip{.probability = 0.25f}(x, d).to_vector<float>();
    if (y == x.to_vector<float>()) continue;
    EXPECT_EQ(y, (std::vector<float>{3, 2, 1, 6, 5, 4}));
    ++flipped;
  }
  EXPECT_NEAR(flipped, 250, 60);
  SampleDraws d = draws();
  EXPECT_EQ(RandomFlip{.probability = 1}(x.to(DType::uint8), d).to_vector<uint8_t>(),
            (std::vector<uint8_t>{3, 2, 1, 6, 5, 4}));
  EXPECT_EQ(RandomFlip{.probability = 0}(x, d).to_vector<float>(), x.to_vector<float>());
}

TEST(Normalise, SubtractsAndDividesByChannel) {
  SampleDraws d = draws();
  const Tensor x = image({2, 1, 2});
  EXPECT_EQ((Normalise{{1, 2}, {0.5f, 4}})(x, d).to_vector<float>(), (std::vector<float>{0, 2, 0.25f, 0.5f}));
  EXPECT_EQ((Normalise{{1}, {2}})(x, d).to_vector<float>(), (std::vector<float>{0, 0.5f, 1, 1.5f}));
  EXPECT_THAT(error_of([&] { Normalise{{1, 2, 3}, {1}}(x, d); }), HasSubstr("3 means and 1 deviations for 2 channels"));
  EXPECT_THAT(error_of([&] { Normalise{{0}, {0}}(x, d); }), HasSubstr("not positive"));
  EXPECT_THAT(error_of([&] { Normalise{{0}, {1}}(x.to(DType::uint8), d); }), HasSubstr("not uint8"));
}

TEST(Noise, IsBoxMullerOfTheSamplesWords) {
  for (int64_t n : {0, 1, 2, 7, 784}) {
    SampleDraws d = draws(9), words = draws(9);
    const std::vector<float> z = Noise{.deviation = 1}(zeros({n}), d).to_vector<float>();
    for (size_t k = 0; k < z.size(); k += 2) {
      const double u1 = ((words.word() >> 8) + 1) * 0x1p-24, u2 = (words.word() >> 8) * 0x1p-24;
      const double r = std::sqrt(-2 * std::log(u1)), angle = 2 * std::numbers::pi * u2;
      EXPECT_NEAR(z[k], r * std::cos(angle), 1e-6);
      if (k + 1 < z.size()) { EXPECT_NEAR(z[k + 1], r * std::sin(angle), 1e-6); }
    }
  }
  SampleDraws a = draws(9), b = draws(9);
  const std::vector<float> unit = Noise{.deviation = 1}(zeros({3}), a).to_vector<float>();
  const std::vector<float> moved = Noise{.deviation = 0.5f}(ones({3}), b).to_vector<float>();
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(moved[i], 1.0f + 0.5f * unit[i]);
}

TEST(RandomRotation, TurnsAboutTheCentre) {
  const Tensor x = image({1, 5, 5});
  SampleDraws none = draws();
  EXPECT_EQ(RandomRotation{.degrees = 0}(x, none).to_vector<float>(), x.to_vector<float>());
  for (uint64_t s = 0; s < 20; ++s) {
    SampleDraws d = draws(s), same = draws(s);
    const double angle = (2.0 * same.uniform() - 1) * 30 * std::numbers::pi / 180;
    const std::vector<float> y = RandomRotation{.degrees = 30, .fill = 100}(x, d).to_vector<float>();
    EXPECT_EQ(y[12], 13.0f) << "the centre stays";
    // Within the image, bilinear interpolation of a plane is the plane.
    for (int i = 1; i < 4; ++i) {
      for (int j = 1; j < 4; ++j) {
        const double from_y = std::cos(angle) * (i - 2) - std::sin(angle) * (j - 2) + 2;
        const double from_x = std::sin(angle) * (i - 2) + std::cos(angle) * (j - 2) + 2;
        EXPECT_NEAR(y[static_cast<size_t>(5 * i + j)], 5 * from_y + from_x + 1, 1e-4);
      }
    }
  }
  SampleDraws d = draws();
  EXPECT_THAT(error_of([&] { RandomRotation{.degrees = 200}(x, d); }), HasSubstr("200 degrees"));
}

auto digits_of(int64_t n) {
  std::vector<float> pixels(static_cast<size_t>(n * 64));
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(i % 101) / 100;
  return in_memory("small", Tensor::from(pixels, {n, 1, 8, 8}), arange(n));
}

auto augmented(int64_t n) {
  return augment(digits_of(n), Rng(11) / "augment", RandomCrop{.height = 8, .width = 8, .padding = 2}, RandomFlip{},
                 RandomRotation{.degrees = 15}, Noise{.deviation = 0.1f}, Normalise{{0.5f}, {0.25f}});
}

TEST(Augment, DependsOnEpochAndSampleAlone) {
  const auto set = augmented(6);
  std::set<std::string> different;
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    for (int64_t i = 5; i >= 0; --i) {
      const auto [x, y] = set.get(i, epoch);
      EXPECT_EQ(y.item<int64_t>(), i);
      EXPECT_EQ(bytes_of(x), bytes_of(set.get(i, epoch)[0]));
      different.insert(bytes_of(x));
    }
  }
  EXPECT_EQ(different.size(), 18u);
  EXPECT_EQ(bytes_of(set.get(2)[0]), bytes_of(set.get(2, 0)[0]));
  EXPECT_EQ(bytes_of(augmented(9).get(2, 1)[0]), bytes_of(set.get(2, 1)[0])) << "the number of samples must not matter";
}

TEST(Augment, ATransformAddedAtTheEndChangesNoOthersDraws) {
  const auto one = augment(digits_of(3), Rng(1) / "a", Noise{.deviation = 1});
  const auto two = augment(digits_of(3), Rng(1) / "a", Noise{.deviation = 1}, RandomFlip{.probability = 1});
  SampleDraws d = draws();
  EXPECT_EQ(bytes_of(RandomFlip{.probability = 1}(one.get(1)[0], d)), bytes_of(two.get(1)[0]));
}

TEST(Augment, TheLoaderPassesItsEpochWhateverTheWorkers) {
  const auto set = subset(augmented(30), {29, 3, 4, 17, 8, 8, 0});
  const auto epoch_bytes = [&](int64_t workers, int64_t epoch) {
    Loader loader(set, {.batch = 3, .shuffle = Rng(2) / "s", .workers = workers});
    loader.start_epoch(epoch);
    std::string bytes;
    while (auto batch = loader.next()) bytes += bytes_of(std::get<0>(*batch));
    return bytes;
  };
  for (int64_t epoch : {0, 1, 7}) {
    for (int64_t workers : {1, 4}) EXPECT_EQ(epoch_bytes(workers, epoch), epoch_bytes(0, epoch));
  }
  Loader loader(set, {.batch = 7});
  loader.start_epoch(4);
  EXPECT_EQ(bytes_of(std::get<0>(*loader.next())[1]), bytes_of(set.get(1, 4)[0]));
}

TEST(Augment, TakesAFunctionOfTheUsersOwn) {
  const auto shifted =
      augment(digits_of(3), Rng(1), [](const Tensor& x, SampleDraws& d) { return x + double{d.uniform()}; });
  EXPECT_EQ(shifted.size(), 3);
  EXPECT_EQ(shifted.get(1)[0].shape(), (Shape{1, 8, 8}));
}

}  // namespace
}  // namespace stet::data
