// Further layers: what they are called, what they report, what they refuse, and how they begin.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "error_of.h"
#include "gradient_check.h"
#include "stet/nn/activation.h"
#include "stet/nn/conv.h"
#include "stet/nn/dropout.h"
#include "stet/nn/embedding.h"
#include "stet/nn/flatten.h"
#include "stet/nn/identity.h"
#include "stet/nn/init.h"
#include "stet/nn/norm.h"
#include "stet/nn/pool.h"
#include "stet/nn/sequential.h"
#include "stet/nn/summary.h"
#include "stet/nn/swiglu.h"
#include "stet/nn/weight_norm.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const Rng rng(1, "net");

struct Hypers : Visitor {
  explicit Hypers(Stateful& s) { s.members(*this); }
  void on_hyper(const std::string& path, const Value& value) override { found[path] = to_string(value); }
  std::map<std::string, std::string> found;
};

std::vector<std::string> names(Stateful& s) {
  std::vector<std::string> found;
  for (const auto& p : parameters(s)) found.push_back(p.name);
  return found;
}

std::vector<float> values(const Tensor& x) { return x.detach().to_vector<float>(); }

TEST(Layers, SayWhatTheyAre) {
  EXPECT_EQ(nn::Identity().describe(), "Identity");
  EXPECT_EQ(nn::ReLU6().describe(), "ReLU6");
  EXPECT_EQ(nn::Hardswish().describe(), "Hardswish");
  EXPECT_EQ(nn::Hardsigmoid().describe(), "Hardsigmoid");
  EXPECT_EQ(nn::Hardtanh(-0.5, 2).describe(), "Hardtanh(-0.5, 2)");
  EXPECT_EQ(nn::LeakyReLU(0.2).describe(), "LeakyReLU(0.2)");
  EXPECT_EQ(nn::ELU().describe(), "ELU(1)");
  EXPECT_EQ(nn::CELU(0.5).describe(), "CELU(0.5)");
  EXPECT_EQ(nn::SELU().describe(), "SELU");
  EXPECT_EQ(nn::Mish().describe(), "Mish");
  EXPECT_EQ(nn::LogSigmoid().describe(), "LogSigmoid");
  EXPECT_EQ(nn::Softsign().describe(), "Softsign");
  EXPECT_EQ(nn::Softmax().describe(), "Softmax(-1)");
  EXPECT_EQ(nn::LogSoftmax(1).describe(), "LogSoftmax(1)");
  EXPECT_EQ(nn::GLU(1).describe(), "GLU(1)");
  EXPECT_EQ(nn::PReLU(3).describe(), "PReLU(3)");
  EXPECT_EQ(nn::SwiGLU(4, 6, rng).describe(), "SwiGLU(4, 6, no bias)");
  EXPECT_EQ(nn::AvgPool2d(3, {.stride = 2, .ceil_mode = true, .count_include_pad = false}).describe(),
            "AvgPool2d(3x3, stride 2x2, ceil, padding not counted)");
  EXPECT_EQ(nn::MaxPool1d(3, {.stride = 2, .padding = 1}).describe(), "MaxPool1d(3, stride 2, padding 1)");
  EXPECT_EQ(nn::AvgPool1d(2).describe(), "AvgPool1d(2)");
  EXPECT_EQ(nn::AdaptiveAvgPool2d({7, 1}).describe(), "AdaptiveAvgPool2d(7x1)");
  EXPECT_EQ(nn::AdaptiveMaxPool2d(2).describe(), "AdaptiveMaxPool2d(2x2)");
  EXPECT_EQ(nn::Flatten(1, 2).describe(), "Flatten(1, 2)");
  EXPECT_EQ(nn::Unflatten(1, {3, 4}).describe(), "Unflatten(1, 3x4)");
  EXPECT_EQ(nn::Conv1d(4, 8, 3, rng, {.stride = 2, .padding = 1, .groups = 2}).describe(),
            "Conv1d(4, 8, 3, stride 2, padding 1, groups 2)");
  EXPECT_EQ(nn::Conv2d(4, 8, 3, rng, {.bias = false, .same_padding = true}).describe(),
            "Conv2d(4, 8, 3x3, same padding, no bias)");
  EXPECT_EQ(nn::ConvTranspose2d(4, 8, 2, rng, {.stride = 2}).describe(), "ConvTranspose2d(4, 8, 2x2, stride 2x2)");
  EXPECT_EQ(nn::ConvTranspose1d(4, 8, 3, rng, {.stride = 2, .output_padding = 1, .groups = 2}).describe(),
            "ConvTranspose1d(4, 8, 3, stride 2, output padding 1, groups 2)");
  EXPECT_EQ(nn::BatchNorm1d(3, {.affine = false}).describe(), "BatchNorm1d(3, no affine map)");
  EXPECT_EQ(nn::InstanceNorm2d(3).describe(), "InstanceNorm2d(3)");
  EXPECT_EQ(nn::InstanceNorm1d(3, {.affine = true, .track_running_stats = true}).describe(),
            "InstanceNorm1d(3, affine, running statistics)");
  EXPECT_EQ(nn::GroupNorm(2, 4).describe(), "GroupNorm(2, 4)");
  EXPECT_EQ(nn::RMSNorm(4, {.weight = false}).describe(), "RMSNorm(4, no weight)");
  EXPECT_EQ(nn::Embedding(5, 3, rng, {.padding_idx = -1}).describe(), "Embedding(5, 3, padding 4)");
  EXPECT_EQ(nn::EmbeddingBag(5, 3, rng, {.mode = nn::Bag::sum}).describe(), "EmbeddingBag(5, 3, sum)");
}

TEST(Layers, ReportTheirHyperparameters) {
  const auto hypers = [](auto layer) { return Hypers(layer).found; };
  using Map = std::map<std::string, std::string>;
  EXPECT_EQ(hypers(nn::Hardtanh(-0.5, 2)), (Map{{"low", "-0.5"}, {"high", "2"}}));
  EXPECT_EQ(hypers(nn::LeakyReLU()), (Map{{"slope", "0.01"}}));
  EXPECT_EQ(hypers(nn::ELU(2)), (Map{{"alpha", "2"}}));
  EXPECT_EQ(hypers(nn::Softmax(1)), (Map{{"axis", "1"}}));
  EXPECT_EQ(hypers(nn::MaxPool2d(2)), (Map{{"kernel", "2x2"}, {"stride", "2x2"}, {"padding", "0x0"}}));
  EXPECT_EQ(hypers(nn::MaxPool2d(2, {.ceil_mode = true}))["ceil_mode"], "true");
  EXPECT_EQ(hypers(nn::AdaptiveAvgPool2d({1, 2})), (Map{{"output", "1x2"}}));
  EXPECT_EQ(hypers(nn::Flatten()), (Map{{"first", "1"}}));
  EXPECT_EQ(hypers(nn::Conv1d(2, 2, 3, rng, {.same_padding = true}))["padding"], "same");
  EXPECT_EQ(hypers(nn::ConvTranspose2d(2, 2, 3, rng, {.stride = 2, .output_padding = 1}))["output_padding"], "1x1");
  EXPECT_EQ(hypers(nn::GroupNorm(2, 4)), (Map{{"groups", "2"}, {"epsilon", "1e-05"}}));
  EXPECT_EQ(hypers(nn::RMSNorm(4)), (Map{{"epsilon", "1.1920928955078125e-07"}}));
  EXPECT_EQ(hypers(nn::InstanceNorm2d(3, {.track_running_stats = true}))["momentum"], "0.1");
  EXPECT_EQ(hypers(nn::Embedding(5, 3, rng, {.padding_idx = 0}))["padding_idx"], "0");
  EXPECT_EQ(hypers(nn::EmbeddingBag(5, 3, rng))["mode"], "mean");
  EXPECT_EQ(hypers(nn::DropPath(0.2, rng / "path"))["p"], "0.2");
}

TEST(Layers, NameTheirParameters) {
  nn::PReLU prelu(3);
  EXPECT_THAT(names(prelu), ElementsAre("weight"));
  EXPECT_THAT(values(prelu.weight), ElementsAre(0.25f, 0.25f, 0.25f));
  nn::SwiGLU swiglu(4, 6, rng, {.bias = true});
  EXPECT_THAT(names(swiglu),
              ElementsAre("gate/weight", "gate/bias", "up/weight", "up/bias", "down/weight", "down/bias"));
  nn::Conv1d conv(4, 8, 3, rng, {.groups = 2});
  EXPECT_EQ(conv.weight.shape(), Shape({8, 2, 3}));
  nn::ConvTranspose2d transposed(4, 8, {2, 3}, rng, {.groups = 2});
  EXPECT_EQ(transposed.weight.shape(), Shape({4, 4, 2, 3}));
  EXPECT_LE(max(abs(transposed.weight.value().detach())).item<float>(), 1 / std::sqrt(24.0f));
  EXPECT_GT(max(abs(transposed.weight.value().detach())).item<float>(), 0.9f / std::sqrt(24.0f));
  nn::GroupNorm group(2, 4), plain(2, 4, {.affine = false});
  EXPECT_THAT(names(group), ElementsAre("weight", "bias"));
  EXPECT_THAT(names(plain), ElementsAre());
  nn::EmbeddingBag bag(5, 3, rng);
  EXPECT_THAT(names(bag), ElementsAre("weight"));
  nn::WeightNorm norm(nn::Linear(4, 3, rng));
  EXPECT_THAT(names(norm), ElementsAre("layer/weight", "layer/bias", "magnitude"));
  EXPECT_EQ(norm.magnitude.shape(), Shape({3, 1}));
  EXPECT_THAT(nn::summary(norm), HasSubstr("Linear(4, 3)"));
}

TEST(Layers, RefuseInOneLine) {
  EXPECT_EQ(error_of<Error>([] { nn::Hardtanh(1, 1); }), "Hardtanh(1, 1): the bounds are not in order");
  EXPECT_EQ(error_of<Error>([] { nn::CELU(0); }), "CELU(0): alpha must not be 0");
  EXPECT_EQ(error_of<Error>([] { nn::PReLU(0); }), "PReLU(0): the number of slopes must be positive");
  EXPECT_THAT(error_of<Error>([] { nn::AdaptiveAvgPool2d({0, 1}); }), StartsWith("AdaptiveAvgPool2d(0x1): "));
  EXPECT_THAT(error_of<Error>([] { nn::MaxPool1d(0); }), StartsWith("MaxPool1d(1x0): "));
  EXPECT_EQ(error_of<Error>([] { nn::MaxPool1d(2)(zeros({2, 3})); }), "MaxPool1d: takes [N, C, L], not [2, 3]");
  EXPECT_EQ(error_of<Error>([] { nn::Conv1d(3, 8, 3, rng, {.groups = 2}); }),
            "Conv1d(3, 8, 3): 2 groups don't divide both channel counts");
  EXPECT_EQ(error_of<Error>([] { nn::Conv2d(4, 8, 3, rng, {.stride = 2, .same_padding = true}); }),
            "Conv2d(4, 8, 3x3): same_padding goes with stride 1 and no other padding");
  EXPECT_EQ(error_of<Error>([] { nn::ConvTranspose2d(4, 8, 3, rng, {.stride = 2, .output_padding = 2}); }),
            "ConvTranspose2d(4, 8, 3x3): output padding 2x2 must be at least 0 and below the larger of stride 2x2 and "
            "dilation 1x1");
  EXPECT_EQ(error_of<Error>([] { nn::GroupNorm(3, 4); }), "GroupNorm(3, 4): the groups must divide the channels");
  EXPECT_EQ(error_of<Error>([] {
              nn::GroupNorm(2, 4)(zeros({2, 3}));
            }),
            "GroupNorm(2, 4): takes [N, 4, ...], not [2, 3]");
  EXPECT_EQ(error_of<Error>([] { nn::RMSNorm(4)(zeros({2, 3})); }), "RMSNorm(4): takes [.., 4], not [2, 3]");
  EXPECT_THAT(error_of<Error>([] { nn::RMSNorm(4, {.epsilon = 0}); }), StartsWith("RMSNorm(4): "));
  EXPECT_EQ(error_of<Error>([] {
              nn::BatchNorm1d(3)(zeros({2, 3, 4, 5}));
            }),
            "BatchNorm1d(3): takes [N, 3] or [N, 3, L], not [2, 3, 4, 5]");
  EXPECT_EQ(error_of<Error>([] {
              nn::InstanceNorm2d(3)(zeros({2, 4, 5, 5}));
            }),
            "InstanceNorm2d(3): takes [N, 3, H, W], not [2, 4, 5, 5]");
  EXPECT_THAT(error_of<Error>([] { nn::InstanceNorm1d(3)(zeros({2, 3, 1})); }), HasSubstr("fewer than two values"));
  EXPECT_THAT(error_of<Error>([] { nn::InstanceNorm1d(3, {.momentum = 2}); }), HasSubstr("momentum 2"));
  EXPECT_EQ(error_of<Error>([] { nn::Embedding(5, 3, rng, {.padding_idx = 5}); }),
            "Embedding: padding_idx 5 is none of its 5 rows");
  EXPECT_THAT(error_of<Error>([] { nn::DropPath(1, rng / "path"); }), StartsWith("DropPath at net/path: p = 1"));
  EXPECT_THAT(error_of<Error>([] { nn::Flatten(2, 1)(zeros({2, 3, 4})); }), StartsWith("Flatten(2, 1): "));
  EXPECT_THAT(error_of<Error>([] { nn::Unflatten(1, {2, 2})(zeros({2, 3})); }), StartsWith("Unflatten(1, 2x2): "));
  EXPECT_THAT(error_of<Error>([] { nn::SpectralNorm(nn::Linear(2, 2, rng), rng / "state", {.iterations = 0}); }),
              StartsWith("SpectralNorm at net/state: "));
}

// The ops' own, which name themselves.
TEST(LayerOps, RefuseInOneLine) {
  const Tensor x = zeros({2, 3, 4}), integers = zeros({2, 3}, DType::int64);
  EXPECT_EQ(error_of<Error>([&] { glu(x, 1); }), "glu: axis 1 of [2, 3, 4] has no halves");
  EXPECT_EQ(error_of<Error>([&] { swiglu(x, 1); }), "swiglu: axis 1 of [2, 3, 4] has no halves");
  EXPECT_EQ(error_of<Error>([&] { hardtanh(x, 2, 1); }), "hardtanh: 2 to 1 is no range");
  EXPECT_EQ(error_of<Error>([&] { celu(x, 0); }), "celu: alpha is 0");
  EXPECT_EQ(error_of<Error>([&] { prelu(x, zeros({4})); }),
            "prelu: weight [4] is neither [1] nor one slope for each channel of [2, 3, 4]");
  using OfOne = Tensor (*)(const Tensor&);
  const std::vector<std::pair<std::string, OfOne>> ops = {{"relu6", relu6},
                                                          {"hardsigmoid", hardsigmoid},
                                                          {"hardswish", hardswish},
                                                          {"selu", selu},
                                                          {"mish", mish},
                                                          {"log_sigmoid", log_sigmoid},
                                                          {"softsign", softsign},
                                                          {"leaky_relu", [](const Tensor& t) { return leaky_relu(t); }},
                                                          {"elu", [](const Tensor& t) { return elu(t); }},
                                                          {"glu", [](const Tensor& t) { return glu(t, 0); }}};
  for (const auto& [name, op] : ops)
    EXPECT_THAT(error_of<Error>([&, f = op] { f(integers); }),
                StartsWith(name + ": takes float32 or float64, not int64"));
  EXPECT_THAT(error_of<Error>([&] { conv1d(x, zeros({2, 2, 3})); }), StartsWith("conv1d: input has 3 channels"));
  EXPECT_THAT(error_of<Error>([&] { conv1d(integers, x); }), StartsWith("conv1d: takes input [N, C, L] of three axes"));
  EXPECT_THAT(error_of<Error>([&] {
                conv_transpose1d(x, zeros({2, 2, 3}));
              }),
              StartsWith("conv_transpose1d: takes input"));
  const Tensor image = zeros({1, 2, 3, 3}), weight = zeros({2, 2, 2, 2});
  EXPECT_EQ(error_of<Error>([&] {
              conv_transpose2d(image, weight, {}, {.output_padding = {1, 0}});
            }),
            "conv_transpose2d: output padding 1 must be at least 0 and below the larger of stride 1 and "
            "dilation 1");
  EXPECT_EQ(error_of<Error>([&] {
              conv_transpose2d(image, weight, {}, {.padding = {2, 0}});
            }),
            "conv_transpose2d: padding 2 leaves nothing of the output");
  EXPECT_EQ(error_of<Error>([&] { conv_transpose2d(image, weight, zeros({3})); }),
            "conv_transpose2d: bias [3] is not one number for each output channel of weight [2, 2, 2, 2]");
  EXPECT_EQ(error_of<Error>([&] { conv_transpose2d(image, weight, {}, {.groups = 3}); }),
            "conv_transpose2d: 3 groups do not divide 2 input channels");
  EXPECT_EQ(error_of<Error>([&] { group_norm(x, 2, {}, {}); }), "group_norm: 2 groups do not divide 3 channels");
  EXPECT_EQ(error_of<Error>([&] {
              group_norm(zeros({2, 4, 0}), 2, {}, {});
            }),
            "group_norm: a sample of [2, 4, 0] has nothing to normalise");
  EXPECT_EQ(error_of<Error>([&] {
              instance_norm(zeros({2, 3}), {}, {});
            }),
            "instance_norm: input [2, 3] has fewer than two values a channel of a sample, so no variance");
  EXPECT_EQ(error_of<Error>([&] { rms_norm(x, zeros({3})); }),
            "rms_norm: weight [3] does not fit input [2, 3, 4]; it must be [4]");
  Stream stream(rng / "draws");
  EXPECT_EQ(error_of<Error>([&] { truncated_normal(stream, {2}, {.low = 1, .high = 1}); }),
            "truncated_normal: 1 to 1 is no range");
  EXPECT_EQ(error_of<Error>([&] { truncated_normal(stream, {2}, {.deviation = 0}); }),
            "truncated_normal: deviation 0 must be positive");
  EXPECT_EQ(error_of<Error>([&] { truncated_normal(stream, {2}, {.low = 50, .high = 51}); }),
            "truncated_normal: 50 to 51 holds too little of mean 0 and deviation 1");
  EXPECT_EQ(error_of<Error>([&] { drop_path(zeros({}), 0.1, stream); }), "drop_path: takes 1 axes or more, not []");
  EXPECT_EQ(error_of<Error>([&] { dropout2d(zeros({3}), 0.1, stream); }), "dropout2d: takes 2 axes or more, not [3]");
}

TEST(Identity, PassesWhatItGets) {
  const Tensor x = watch(Tensor::from<float>({1, 2}));
  EXPECT_THAT(values(backward(sum(nn::Identity()(x)))[x]), ElementsAre(1, 1));
  nn::Sequential net(nn::Identity(), nn::Linear(2, 3, rng));
  EXPECT_THAT(nn::summary(net), HasSubstr("Identity"));
}

// Values that the piecewise functions have where their pieces meet.
TEST(Activations, AtTheirKinks) {
  const auto gradient = [](const auto& f, std::vector<float> at) {
    const Tensor x = watch(Tensor::from(at));
    return values(backward(sum(f(x)))[x]);
  };
  EXPECT_THAT(gradient(nn::ReLU6(), {0, 3, 6}), ElementsAre(0, 1, 0));
  EXPECT_THAT(gradient(nn::Hardtanh(), {-1, 0, 1}), ElementsAre(0, 1, 0));
  EXPECT_THAT(gradient(nn::Hardsigmoid(), {-3, 0, 3}), ElementsAre(0, 1.0f / 6, 0));
  EXPECT_THAT(gradient(nn::LeakyReLU(0.5), {-1, 0, 1}), ElementsAre(0.5f, 0.5f, 1));
  EXPECT_THAT(gradient(nn::ELU(2), {0, 1}), ElementsAre(2, 1));
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_THAT(gradient(nn::ELU(), {-inf, inf}), ElementsAre(0, 1));
  EXPECT_THAT(values(nn::SELU()(Tensor::from<float>({1000, -1000}))), ElementsAre(1050.7010f, -1.7580993f));
}

TEST(Dropping, WholeSamplesAndWholeChannels) {
  nn::DropPath path(0.25, rng / "path");
  nn::Dropout2d channels(0.25, rng / "channels");
  const Tensor x = ones({4000, 3});
  const auto y = values(path(x)), z = values(channels(x.reshape({4000, 1, 3})));
  for (const auto& row : {y, z}) {
    int dropped = 0;
    for (size_t i = 0; i < row.size(); i += 3) {
      EXPECT_TRUE(row[i] == row[i + 1] && row[i] == row[i + 2]);
      EXPECT_TRUE(row[i] == 0 || row[i] == static_cast<float>(1 / 0.75));
      dropped += row[i] == 0;
    }
    EXPECT_NEAR(dropped, 1000, 100);
  }
  EXPECT_NE(values(path(x)), y) << "another step";
  const Tensor watched = watch(x), kept = path(watched);
  EXPECT_EQ(values(backward(sum(kept))[watched]), values(kept));
  const Evaluation evaluation;
  EXPECT_EQ(values(path(x)), values(x));
  EXPECT_EQ(values(channels(x)), values(x));
}

TEST(Dropping, AnInfiniteSampleIsDroppedToZero) {
  const float inf = std::numeric_limits<float>::infinity();
  Stream stream(rng / "infinite");
  const auto y = values(drop_path(full({64}, inf), 0.5, stream));
  EXPECT_EQ(std::count(y.begin(), y.end(), 0.0f) + std::count(y.begin(), y.end(), inf), 64);
  EXPECT_GT(std::count(y.begin(), y.end(), 0.0f), 0);
  EXPECT_EQ(values(drop_path(full({3}, inf), 1, stream)), std::vector<float>(3, 0));
}

TEST(TruncatedNormal, KeepsItsBoundsAndItsShape) {
  const Tensor w =
      nn::init::truncated_normal({200, 300}, rng / "truncated", {.deviation = 0.02, .low = -0.04, .high = 0.04});
  EXPECT_LE(max(abs(w)).item<float>(), 0.04f);
  EXPECT_GT(max(abs(w)).item<float>(), 0.0399f);
  EXPECT_NEAR(mean(w).item<float>(), 0, 3e-4);
  // Of a standard normal cut at two deviations.
  EXPECT_NEAR(std::sqrt(mean(square(w)).item<float>()) / 0.02, 0.8796, 5e-3);
}

// An element is the function of its index that numerics.md has, whatever stands beside it.
TEST(TruncatedNormal, DrawsEachElementByItself) {
  const auto draw = [&](int64_t n) {
    return values(nn::init::truncated_normal({n}, rng / "elements", {.low = -0.5, .high = 1}));
  };
  const auto few = draw(33), many = draw(1000);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
  const auto plain = values(nn::init::normal({1000}, rng / "elements"));
  int redrawn = 0;
  for (uint32_t i = 0; i < 1000; ++i) {
    if (plain[i] >= -0.5f && plain[i] <= 1) {
      EXPECT_EQ(many[i], plain[i]);
      continue;
    }
    // The second round's words.
    const auto words = philox({i >> 2, 0, 1, 0}, (rng / "elements").key());
    const double u = (static_cast<double>(words[i & 2] >> 8) + 1) * 0x1p-24;
    const double angle = 2 * M_PI * (static_cast<double>(words[(i & 2) + 1] >> 8) * 0x1p-24);
    const double z = std::sqrt(-2 * std::log(u)) * (i % 2 == 0 ? std::cos(angle) : std::sin(angle));
    if (z < -0.499 || z > 0.999) continue;
    EXPECT_NEAR(many[i], z, 1e-6);
    ++redrawn;
  }
  EXPECT_GT(redrawn, 100);
}

TEST(Embedding, ThePaddingRowIsZeroAndStaysSo) {
  nn::Embedding layer(5, 3, rng, {.padding_idx = 2}), plain(5, 3, rng);
  EXPECT_THAT(values(layer.weight.value()[2]), ElementsAre(0, 0, 0));
  EXPECT_EQ(values(layer.weight.value()[1]), values(plain.weight.value()[1]));
  const Tensor index = Tensor::from<int64_t>({2, 1, 2, 4}, {2, 2});
  const Tensor y = layer(index);
  EXPECT_EQ(y.shape(), Shape({2, 2, 3}));
  const Tensor g = backward(sum(y))[layer.weight];
  EXPECT_THAT(values(sum(g, {1})), ElementsAre(0, 3, 0, 0, 3));
  layer.weight.set(ones({5, 3}));
  EXPECT_THAT(values(sum(layer(index), {2})), ElementsAre(3, 3, 3, 3)) << "what a program sets is read";
}

TEST(EmbeddingBag, BagsOfNoneAndWrongOffsets) {
  nn::EmbeddingBag layer(5, 2, rng);
  const Tensor index = Tensor::from<int64_t>({1, 2, 3});
  const Tensor y = layer(index, Tensor::from<int64_t>({0, 0, 3}));
  EXPECT_EQ(values(y[0]), values(zeros({2})));
  EXPECT_EQ(values(y[2]), values(zeros({2})));
  EXPECT_THAT(error_of<Error>([&] { layer(index, Tensor::from<int64_t>({1})); }), HasSubstr("bag 0 is 1 to 3"));
  EXPECT_THAT(error_of<Error>([&] { layer(index, Tensor::from<int64_t>({0, 4})); }), HasSubstr("bag 0 is 0 to 4"));
  EXPECT_THAT(error_of<Error>([&] { layer(index, Tensor::from<int64_t>({0, 2, 1})); }), HasSubstr("bag 1 is 2 to 1"));
  EXPECT_THAT(error_of<Error>([&] { layer(index, zeros({0}, DType::int64)); }), HasSubstr("3 indices without a bag"));
  EXPECT_THAT(error_of<Error>([&] { layer(index); }), HasSubstr("takes [B, L], not [3]"));
}

TEST(Flatten, JoinsAndParts) {
  const Tensor x = zeros({2, 3, 4, 5});
  EXPECT_EQ(nn::Flatten(1, 2)(x).shape(), Shape({2, 12, 5}));
  EXPECT_EQ(nn::Flatten(0, -2)(x).shape(), Shape({24, 5}));
  EXPECT_EQ(nn::Unflatten(1, {3, -1})(zeros({2, 12, 5})).shape(), Shape({2, 3, 4, 5}));
}

// A normed layer begins as the layer was, and its weight's length is its magnitude.
TEST(WeightNorm, BeginsAsItsLayer) {
  const nn::Linear linear(4, 3, rng, {.dtype = DType::float64});
  nn::WeightNorm layer(linear);
  const Tensor x = Tensor::from<double>({1, 2, 3, 4, 5, 6, 7, 8}, {2, 4});
  const auto y = layer(x).detach().to_vector<double>(), want = linear(x).detach().to_vector<double>();
  for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], want[i], 1e-14);
  EXPECT_TRUE(check_parameter_gradients([&] { return layer(x); }, layer));
  nn::WeightNorm conv(nn::ConvTranspose2d(2, 3, 2, rng, {.dtype = DType::float64}), 1);
  EXPECT_EQ(conv.magnitude.shape(), Shape({1, 3, 1, 1}));
  EXPECT_TRUE(check_parameter_gradients([&] { return conv(x.reshape({1, 2, 2, 2})); }, conv));
}

TEST(SpectralNorm, ItsWeightsLargestSingularValueIsOne) {
  nn::SpectralNorm layer(nn::Linear(6, 6, rng, {.bias = false, .dtype = DType::float64}), rng / "state");
  const Tensor x = eye(6, DType::float64);
  for (int i = 0; i < 200; ++i) layer(x);
  const Evaluation evaluation;
  const Tensor w = layer(x).detach().transpose();
  // The power method once more, on what it gave.
  Tensor u = ones({6}, DType::float64);
  for (int i = 0; i < 500; ++i) {
    u = matmul(w.transpose(), matmul(w, u));
    u = u / sqrt(sum(square(u)));
  }
  EXPECT_NEAR(sqrt(sum(square(matmul(w, u)))).item<double>(), 1, 1e-9);
  const auto before = layer.state.u.value().to_vector<double>();
  layer(x);
  EXPECT_EQ(layer.state.u.value().to_vector<double>(), before) << "evaluation changes nothing";
}

// Modules by name and by number: both are walked, copied and shown.
struct Heads : nn::Module {
  std::map<std::string, nn::Linear> heads;
  std::vector<nn::Linear> blocks;
  Heads() {
    for (const char* name : {"colour", "age"}) heads.emplace(name, nn::Linear(2, 3, rng / name));
    for (int64_t i = 0; i < 2; ++i) blocks.emplace_back(2, 2, rng / i);
  }
  void members(Visitor& v) override { v("blocks", blocks)("heads", heads); }
};

TEST(Module, WalksMapsAndVectors) {
  Heads net;
  EXPECT_THAT(names(net),
              ElementsAre("blocks/0/weight", "blocks/0/bias", "blocks/1/weight", "blocks/1/bias", "heads/age/weight",
                          "heads/age/bias", "heads/colour/weight", "heads/colour/bias"));
  EXPECT_THAT(nn::summary(net), HasSubstr("heads/colour  Linear(2, 3)"));
  Heads other = copy(net);
  other.heads.at("age").weight.set(zeros({3, 2}));
  EXPECT_NE(values(net.heads.at("age").weight), values(zeros({3, 2})));
  net.heads.emplace("a/b", nn::Linear(2, 2, rng / "c"));
  EXPECT_THAT(error_of<Error>([&] { names(net); }), HasSubstr("'a/b' below 'heads' is not a name"));
}

}  // namespace
}  // namespace stet
