// Layers that change an image's size: padding and interpolation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "error_of.h"
#include "gradient_check.h"
#include "stet/nn/conv.h"
#include "stet/nn/pad.h"
#include "stet/nn/pixel_shuffle.h"
#include "stet/nn/upsample.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

const Rng rng(1, "net");

struct Hypers : Visitor {
  explicit Hypers(Stateful& s) { s.members(*this); }
  void on_hyper(const std::string& path, const Value& value) override { found[path] = to_string(value); }
  std::map<std::string, std::string> found;
};

Tensor image(Shape shape) {
  Stream stream(rng / "image");
  return uniform(stream, std::move(shape), -2, 2, DType::float64);
}

TEST(Padding2d, FramesAnImage) {
  const Tensor x = Tensor::from<float>({1, 2, 3, 4}, {1, 1, 2, 2});
  EXPECT_THAT(nn::ZeroPad2d({1, 0, 0, 1})(x).to_vector<float>(), ElementsAre(0, 1, 2, 0, 3, 4, 0, 0, 0));
  EXPECT_THAT(nn::ConstantPad2d({0, 1, 0, 0}, 7)(x).to_vector<float>(), ElementsAre(1, 2, 7, 3, 4, 7));
  EXPECT_THAT(nn::ReflectionPad2d({1, 0, 0, 0})(x).to_vector<float>(), ElementsAre(2, 1, 2, 4, 3, 4));
  EXPECT_THAT(nn::ReplicationPad2d({1, 0, 0, 0})(x).to_vector<float>(), ElementsAre(1, 1, 2, 3, 3, 4));
  EXPECT_EQ(nn::ZeroPad2d(2)(x).shape(), Shape({1, 1, 6, 6}));
  EXPECT_EQ(nn::ZeroPad2d(2).describe(), "ZeroPad2d(2)");
  nn::ConstantPad2d constant({1, 2, 3, 4}, 0.5);
  EXPECT_EQ(constant.describe(), "ConstantPad2d(1, 2, 3, 4, value 0.5)");
  EXPECT_EQ(Hypers(constant).found.at("top"), "3");
  EXPECT_EQ(Hypers(constant).found.at("value"), "0.5");
  EXPECT_EQ(error_of([] {
              nn::ReflectionPad2d({-1, 0, 0, 0});
            }),
            "ReflectionPad2d(-1, 0, 0, 0): a width must not be negative");
  EXPECT_EQ(error_of([&] { nn::ZeroPad2d(1)(zeros({3})); }), "ZeroPad2d(1): takes [.., H, W], not [3]");
}

TEST(Padding2d, OfAConvolution) {
  const Tensor x = image({1, 2, 5, 6});
  for (const Padding mode : {Padding::reflect, Padding::replicate, Padding::circular}) {
    nn::Conv2d layer(2, 3, {3, 2}, rng, {.padding = {1, 2}, .dtype = DType::float64, .padding_mode = mode});
    const Tensor want = conv2d(pad(x, {{1, 1}, {2, 2}}, mode), layer.weight, layer.bias);
    EXPECT_EQ(layer(x).detach().to_vector<double>(), want.detach().to_vector<double>());
    nn::Conv1d line(2, 3, 4, rng, {.dtype = DType::float64, .same_padding = true, .padding_mode = mode});
    const Tensor y = line(x.slice(2, 0, 1).squeeze(2));
    const Tensor lines = pad(x.slice(2, 0, 1).squeeze(2), {{1, 2}}, mode);
    EXPECT_EQ(y.detach().to_vector<double>(), conv1d(lines, line.weight, line.bias).detach().to_vector<double>());
    EXPECT_EQ(y.shape(), Shape({1, 3, 6}));
  }
  nn::Conv2d layer(2, 3, 3, rng, {.padding = 1, .padding_mode = Padding::reflect});
  EXPECT_EQ(layer.describe(), "Conv2d(2, 3, 3x3, padding 1x1, reflect padding)");
  EXPECT_EQ(Hypers(layer).found.at("padding_mode"), "reflect");
}

TEST(PixelShuffle, LaysChannelsOutAsPixels) {
  const Tensor x = Tensor::from<float>({1, 2, 3, 4}, {1, 4, 1, 1});
  const Tensor y = nn::PixelShuffle(2)(x);
  EXPECT_EQ(y.shape(), Shape({1, 1, 2, 2}));
  EXPECT_THAT(y.to_vector<float>(), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(nn::PixelUnshuffle(2)(y).to_vector<float>(), x.to_vector<float>());
  EXPECT_EQ(nn::PixelShuffle(2).describe(), "PixelShuffle(2)");
  EXPECT_EQ(nn::PixelUnshuffle(3).describe(), "PixelUnshuffle(3)");
  EXPECT_EQ(error_of([] { nn::PixelShuffle(0); }), "PixelShuffle(0): the factor must be positive");
}

TEST(Upsample, TakesAScaleOrASize) {
  const Tensor x = Tensor::from<float>({1, 2, 3, 4}, {1, 1, 2, 2});
  EXPECT_THAT(nn::Upsample(2)(x).slice(2, 0, 1).to_vector<float>(), ElementsAre(1, 1, 2, 2));
  nn::Upsample sized({.size = {3, 3}, .mode = Interpolation::bilinear, .align_corners = true});
  EXPECT_THAT(sized(x).to_vector<float>(), ElementsAre(1, 1.5, 2, 2, 2.5, 3, 3, 3.5, 4));
  EXPECT_EQ(nn::Upsample(2).describe(), "Upsample(x2, nearest)");
  EXPECT_EQ(sized.describe(), "Upsample(3x3, linear, align corners)");
  EXPECT_EQ(Hypers(sized).found.at("target"), "3x3");
  EXPECT_EQ(error_of([] { nn::Upsample({.mode = Interpolation::nearest}); }), "Upsample: takes either sizes or scales");
  EXPECT_THAT(error_of([] { nn::Upsample(-1); }), StartsWith("Upsample(x-1, nearest): "));
  EXPECT_TRUE(check_gradients([&](auto& in) { return sized(in[0]); }, {image({1, 1, 2, 2})}));
}

}  // namespace
}  // namespace stet
