// Normalising layers: against PyTorch's values, and what modules keep, name and refuse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "error_of.h"
#include "golden.h"
#include "gradient_check.h"
#include "stet/nn/conv.h"
#include "stet/nn/norm.h"
#include "stet/nn/pool.h"
#include "stet/nn/summary.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Golden& golden() {
  static const Golden file("norms.h5");
  return file;
}

// float64 on both sides; only the order of sums differs.
void expect_golden(const Tensor& got, const std::string& path) {
  const Tensor want = golden()(path);
  ASSERT_EQ(got.shape(), want.shape()) << path;
  const auto a = got.to_vector<double>(), b = want.to_vector<double>();
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_NEAR(a[i], b[i], 1e-12 * std::max(1.0, std::abs(b[i]))) << path << " " << i;
}

// The training steps and the evaluation of tests/golden/make_norms.py.
void expect_batch_norm(const std::string& name, nn::BatchNormOptions options) {
  SCOPED_TRACE(name);
  options.dtype = DType::float64;
  nn::BatchNorm2d layer(3, options);
  if (options.affine) {
    layer.weight.set(golden()("batch/weight"));
    layer.bias.set(golden()("batch/bias"));
  }
  const Tensor xs = golden()("batch/x"), upstream = golden()("batch/upstream");
  for (int64_t step = 0; step < 4; ++step) {
    const std::string at = name + "/" + std::to_string(step) + "/";
    const Tensor x = watch(xs[step]), y = layer(x);
    const Gradients g = backward(sum(y * upstream[step]));
    expect_golden(y, at + "y");
    expect_golden(g[x], at + "dx");
    if (options.affine) {
      expect_golden(g[layer.weight], at + "dweight");
      expect_golden(g[layer.bias], at + "dbias");
    }
    expect_golden(layer.running_mean, at + "running_mean");
    expect_golden(layer.running_var, at + "running_var");
  }
  EXPECT_EQ(layer.batches_tracked, 4);
  const Evaluation evaluation;
  expect_golden(layer(xs[0]), name + "/evaluation");
  EXPECT_EQ(layer.batches_tracked, 4);
}

TEST(BatchNorm2d, EqualsPyTorch) {
  expect_batch_norm("affine", {});
  expect_batch_norm("plain", {.affine = false});
  expect_batch_norm("cumulative", {.momentum = std::nullopt});
  expect_batch_norm("wide", {.epsilon = 0.1, .momentum = 0.3});
}

TEST(BatchNorm2d, AResidualBlockEqualsPyTorchs) {
  const auto parameter = [](const std::string& name) { return watch(golden()("block/" + name)); };
  const Tensor x = parameter("x"), conv1 = parameter("conv1"), conv2 = parameter("conv2"),
               shortcut = parameter("shortcut");
  std::map<std::string, Tensor> p;
  for (const char* name : {"norm1", "norm2", "shortcut_norm"}) {
    for (const char* part : {"_weight", "_bias"}) p[std::string(name) + part] = parameter(std::string(name) + part);
  }
  const auto norm = [&](const Tensor& h, const std::string& name, Activation activation = Activation::none,
                        const Tensor& residual = {}) {
    return batch_norm(h, p[name + "_weight"], p[name + "_bias"], 1e-5, activation, residual).y;
  };
  const Tensor h = norm(conv2d(x, conv1, {}, {.stride = {2, 2}, .padding = {1, 1}}), "norm1", Activation::relu);
  const Tensor side = norm(conv2d(x, shortcut, {}, {.stride = {2, 2}}), "shortcut_norm");
  const Tensor y = norm(conv2d(h, conv2, {}, {.padding = {1, 1}}), "norm2", Activation::relu, side);
  expect_golden(y, "block/out/y");
  const Gradients g = backward(sum(y * golden()("block/upstream")));
  expect_golden(g[x], "block/out/dx");
  expect_golden(g[conv1], "block/out/dconv1");
  expect_golden(g[conv2], "block/out/dconv2");
  expect_golden(g[shortcut], "block/out/dshortcut");
  for (const auto& [name, value] : p) expect_golden(g[value], "block/out/d" + name);
}

TEST(LayerNorm, EqualsPyTorch) {
  const Tensor upstream = golden()("layer/upstream");
  for (const auto& [name, options] :
       std::map<std::string, nn::LayerNormOptions>{{"layer/affine", {}},
                                                   {"layer/weighted", {.epsilon = 1e-2, .bias = false}},
                                                   {"layer/plain", {.weight = false, .bias = false}}}) {
    nn::LayerNormOptions float64 = options;
    float64.dtype = DType::float64;
    nn::LayerNorm layer(70, float64);
    if (options.weight) layer.weight.set(golden()("layer/weight"));
    if (options.bias) layer.bias.set(golden()("layer/bias"));
    const Tensor x = watch(golden()("layer/x")), y = layer(x);
    const Gradients g = backward(sum(y * upstream));
    expect_golden(y, name + "/y");
    expect_golden(g[x], name + "/dx");
    if (options.weight) expect_golden(g[layer.weight], name + "/dweight");
    if (options.bias) expect_golden(g[layer.bias], name + "/dbias");
  }
}

struct Walk : Visitor {
  explicit Walk(Stateful& s) { s.members(*this); }
  void on_parameter(const std::string& path, Parameter&) override { parameters.push_back(path); }
  void on_buffer(const std::string& path, Buffer&) override { state.push_back(path); }
  void on_state(const std::string& path, ScalarRef) override { state.push_back(path); }
  void on_hyper(const std::string& path, const Value& value) override { hypers[path] = to_string(value); }
  std::vector<std::string> parameters, state;
  std::map<std::string, std::string> hypers;
};

TEST(BatchNorm2d, KeepsItsStatisticsAsState) {
  nn::BatchNorm2d layer(3);
  EXPECT_THAT(Walk(layer).parameters, ElementsAre("weight", "bias"));
  EXPECT_THAT(Walk(layer).state, ElementsAre("running_mean", "running_var", "batches_tracked"));
  EXPECT_EQ(Walk(layer).hypers, (std::map<std::string, std::string>{{"epsilon", "1e-05"}, {"momentum", "0.1"}}));
  nn::BatchNorm2d plain(3, {.momentum = std::nullopt, .affine = false});
  EXPECT_THAT(Walk(plain).parameters, ElementsAre());
  EXPECT_EQ(Walk(plain).hypers["momentum"], "none");
  EXPECT_EQ(plain.describe(), "BatchNorm2d(3, no affine map)");
  EXPECT_THAT(nn::summary(layer),
              HasSubstr("weight [3], bias [3], running_mean [3] (buffer), running_var [3] (buffer)      6\n"));
}

TEST(BatchNorm2d, ACopyTracksByItself) {
  nn::BatchNorm2d layer(2), copy = layer;
  layer(Tensor::from<float>({1, 2, 3, 4}, {1, 2, 1, 2}));
  EXPECT_EQ(layer.batches_tracked, 1);
  EXPECT_EQ(copy.batches_tracked, 0);
  EXPECT_THAT(copy.running_mean.value().to_vector<float>(), ElementsAre(0, 0));
  EXPECT_NE(layer.running_mean.value().to_vector<float>()[0], 0);
}

TEST(BatchNorm2d, NoGradStillTracksAndEvaluationDoesNot) {
  const Tensor x = Tensor::from<float>({1, 2, 3, 4}, {2, 1, 1, 2});
  nn::BatchNorm2d layer(1);
  {
    const NoGrad no_grad;
    const std::vector<float> y = layer(x).to_vector<float>();
    EXPECT_NEAR(y[0], -1.5 / std::sqrt(1.25 + 1e-5), 1e-6);
  }
  EXPECT_EQ(layer.batches_tracked, 1);
  EXPECT_FLOAT_EQ(layer.running_mean.value().item<float>(), 0.25f);
  EXPECT_FLOAT_EQ(layer.running_var.value().item<float>(), 0.9f + 0.1f * 5 / 3);
  const Evaluation evaluation;
  EXPECT_FLOAT_EQ(layer(x).to_vector<float>()[3], 3.75f / std::sqrt(0.9f + 0.5f / 3 + 1e-5f));
  EXPECT_EQ(layer.batches_tracked, 1);
}

TEST(BatchNorm2d, AnImageEvaluatesToTheSameBitsInAnyBatch) {
  Stream stream(Rng(3, "images"));
  const Tensor x = normal(stream, {6, 5, 7, 3}), skip = normal(stream, {6, 5, 7, 3});
  nn::BatchNorm2d layer(5);
  layer(x);
  const Evaluation evaluation;
  const Tensor all = layer(x, Activation::relu, skip);
  for (int64_t i = 0; i < 6; ++i) {
    EXPECT_EQ(layer(x.slice(0, i, i + 1), Activation::relu, skip.slice(0, i, i + 1)).to_vector<float>(),
              all[i].to_vector<float>());
  }
}

TEST(BatchNorm2d, RefusesWhatItCannotNormalise) {
  nn::BatchNorm2d layer(3);
  EXPECT_THAT(error_of([&] { layer(zeros({2, 4, 5, 5})); }), HasSubstr("takes [N, 3, H, W], not [2, 4, 5, 5]"));
  EXPECT_THAT(error_of([&] { layer(zeros({2, 3})); }), HasSubstr("takes [N, 3, H, W]"));
  EXPECT_THAT(error_of([&] { layer(zeros({1, 3, 1, 1})); }), HasSubstr("fewer than two values a channel"));
  EXPECT_THAT(error_of([&] {
                layer(zeros({2, 3, 2, 2}), Activation::none, zeros({2, 3, 2, 1}));
              }),
              HasSubstr("residual [2, 3, 2, 1]"));
  nn::BatchNorm2d narrow(3, {.affine = false});
  EXPECT_THROW(narrow(ones({2, 3, 2, 2}, DType::float64)), UsageError);
  EXPECT_EQ(narrow.batches_tracked, 0);
  EXPECT_THAT(error_of([] { nn::BatchNorm2d(0); }), HasSubstr("BatchNorm2d(0)"));
  EXPECT_THAT(error_of([] { nn::BatchNorm2d(3, {.epsilon = 0}); }), HasSubstr("epsilon 0"));
  EXPECT_THAT(error_of([] { nn::BatchNorm2d(3, {.momentum = 1.5}); }), HasSubstr("momentum 1.5"));
}

TEST(LayerNorm, NamesDescribesAndRefuses) {
  nn::LayerNorm layer(4), plain(4, {.weight = false, .bias = false});
  EXPECT_THAT(Walk(layer).parameters, ElementsAre("weight", "bias"));
  EXPECT_THAT(Walk(plain).parameters, ElementsAre());
  EXPECT_EQ(Walk(layer).hypers["epsilon"], "1e-05");
  EXPECT_EQ(layer.describe(), "LayerNorm(4)");
  EXPECT_EQ(plain.describe(), "LayerNorm(4, no weight, no bias)");
  EXPECT_THAT(error_of([&] { layer(zeros({2, 3})); }), HasSubstr("LayerNorm(4): takes [.., 4], not [2, 3]"));
  EXPECT_THAT(error_of([] { nn::LayerNorm(-1); }), HasSubstr("LayerNorm(-1)"));
}

TEST(GlobalAvgPool2d, IsTheMeanOfEachPlane) {
  const nn::GlobalAvgPool2d pool;
  EXPECT_THAT(pool(Tensor::from<float>({1, 2, 3, 6, 5, 5, 5, 5}, {1, 2, 2, 2})).to_vector<float>(), ElementsAre(3, 5));
  EXPECT_THAT(error_of([&] { pool(zeros({2, 3, 4})); }), HasSubstr("takes [N, C, H, W], not [2, 3, 4]"));
}

}  // namespace
}  // namespace stet
