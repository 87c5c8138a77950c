#include "stet/data/colour.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "data/support.h"
#include "error_of.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::data {
namespace {

using testing::HasSubstr;

SampleDraws draws(uint64_t sample = 0) { return SampleDraws(Rng(5) / "test", 0, sample); }

// [3, 1, 4]: red, an orange, a grey, blue.
Tensor colours() { return Tensor::from<float>({1, 0.8f, 0.5f, 0, 0, 0.4f, 0.5f, 0, 0, 0.2f, 0.5f, 1}, {3, 1, 4}); }

void expect_near(const Tensor& x, const std::vector<float>& want) {
  const auto got = x.to_vector<float>();
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-5) << i;
}

TEST(Grayscale, IsTheBrightness) {
  SampleDraws d = draws();
  const float orange = 0.2989f * 0.8f + 0.587f * 0.4f + 0.114f * 0.2f;
  const Tensor y = Grayscale{}(colours(), d);
  EXPECT_EQ(y.shape(), Shape({1, 1, 4}));
  expect_near(y, {0.2989f, orange, 0.49995f, 0.114f});
  EXPECT_EQ(Grayscale{.channels = 3}(colours(), d).shape(), Shape({3, 1, 4}));
  EXPECT_EQ(bytes_of(RandomGrayscale{.probability = 0}(colours(), d)), bytes_of(colours()));
  EXPECT_EQ(bytes_of(RandomGrayscale{.probability = 1}(colours(), d)),
            bytes_of(Grayscale{.channels = 3}(colours(), d)));
  EXPECT_THAT(error_of([&] { Grayscale{.channels = 2}(colours(), d); }), HasSubstr("not 2"));
  EXPECT_THAT(error_of([&] { Grayscale{}(zeros({1, 2, 2}), d); }), HasSubstr("no image [3, H, W]"));
}

// What is left of a jitter's seven words, as it takes them.
struct Jitter {
  explicit Jitter(SampleDraws d) {
    for (int i = 3; i > 0; --i) d.below(i + 1);
    for (float& u : of) u = d.uniform();
  }
  float of[4];  // brightness, contrast, saturation, hue
};

TEST(ColorJitter, ChangesOneThingAtATime) {
  for (uint64_t s = 0; s < 10; ++s) {
    const Jitter jitter(draws(s));
    SampleDraws d = draws(s);
    const auto factor = [&](int what) { return 0.5f + jitter.of[what]; };
    const auto bright = ColorJitter{.brightness = 0.5f}(colours(), d);
    std::vector<float> want = colours().to_vector<float>();
    for (float& v : want) v = std::min(1.0f, v * factor(0));
    expect_near(bright, want);
    SampleDraws again = draws(s);
    const auto grey = Grayscale{}(colours(), again).to_vector<float>();
    want = colours().to_vector<float>();
    for (size_t i = 0; i < want.size(); ++i) {
      want[i] = std::clamp(grey[i % 4] + (want[i] - grey[i % 4]) * factor(2), 0.0f, 1.0f);
    }
    SampleDraws third = draws(s);
    expect_near(ColorJitter{.saturation = 0.5f}(colours(), third), want);
    const float mean = (grey[0] + grey[1] + grey[2] + grey[3]) / 4;
    want = colours().to_vector<float>();
    for (float& v : want) v = std::clamp(mean + (v - mean) * factor(1), 0.0f, 1.0f);
    SampleDraws fourth = draws(s);
    expect_near(ColorJitter{.contrast = 0.5f}(colours(), fourth), want);
  }
}

TEST(ColorJitter, TurnsHuesAndLeavesGreysAlone) {
  std::set<std::string> seen;
  for (uint64_t s = 0; s < 30; ++s) {
    const float turn = 2 * Jitter(draws(s)).of[3] - 1;  // of half a turn
    SampleDraws d = draws(s);
    const auto y = ColorJitter{.hue = 0.5f}(colours(), d).to_vector<float>();
    seen.insert(bytes_of(Tensor::from(y)));
    for (const size_t channel : {0u, 1u, 2u}) EXPECT_EQ(y[4 * channel + 2], 0.5f);
    // Red goes by yellow and green to cyan one way, by magenta and blue the other.
    const float sixths = 3 * turn;
    EXPECT_NEAR(y[0], std::clamp(2 - std::abs(sixths), 0.0f, 1.0f), 1e-5);
    EXPECT_NEAR(y[4], std::clamp(sixths > 0 ? sixths : -sixths - 2, 0.0f, 1.0f), 1e-5);
    EXPECT_NEAR(y[8], std::clamp(sixths > 0 ? sixths - 2 : -sixths, 0.0f, 1.0f), 1e-5);
  }
  EXPECT_EQ(seen.size(), 30u);
  SampleDraws d = draws();
  EXPECT_THAT(error_of([&] { ColorJitter{.hue = 0.6f}(colours(), d); }), HasSubstr("at most 0.5"));
  expect_near(ColorJitter{}(colours(), d), colours().to_vector<float>());
}

TEST(GaussianBlur, IsAFilterInBothDirections) {
  SampleDraws d = draws();
  Tensor point = zeros({1, 5, 7});
  point = index_put(point, {0, 2, 3}, 1);
  const GaussianBlur blur{.kernel = 3, .least = 1, .most = 1};
  const auto y = blur(point, d).to_vector<float>();
  const float side = std::exp(-0.5f), whole = 1 + 2 * side;
  EXPECT_NEAR(y[7 * 2 + 3], 1 / (whole * whole), 1e-6);
  EXPECT_NEAR(y[7 * 2 + 2], side / (whole * whole), 1e-6);
  EXPECT_NEAR(y[7 * 1 + 2], side * side / (whole * whole), 1e-6);
  EXPECT_EQ(y[7 * 2 + 1], 0);
  expect_near(blur(full({2, 5, 7}, 0.25), d), std::vector<float>(70, 0.25f));
  EXPECT_THAT(error_of([&] { GaussianBlur{.kernel = 2}(point, d); }), HasSubstr("a kernel of 2"));
  EXPECT_THAT(error_of([&] { GaussianBlur{.kernel = 11}(point, d); }), HasSubstr("reaches past"));
}

}  // namespace
}  // namespace stet::data
