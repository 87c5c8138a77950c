// Layers and their ops against PyTorch's values, gradients and second gradients: tests/golden/make_layers.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "golden.h"
#include "stet/nn/activation.h"
#include "stet/nn/conv.h"
#include "stet/nn/embedding.h"
#include "stet/nn/norm.h"
#include "stet/nn/pool.h"
#include "stet/nn/swiglu.h"
#include "stet/nn/weight_norm.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using testing::FloatNear;
using testing::Pointwise;
using Tensors = std::vector<Tensor>;
using Names = std::vector<std::string>;
using Function = std::function<Tensor(const Tensors&)>;

const Rng rng(1, "net");

const Golden& golden() {
  static const Golden file("layers.h5");
  return file;
}

// float64 on both sides; only the order of sums differs.
void expect_near(const Tensor& got, const std::string& path) {
  const Tensor want = golden()(path);
  ASSERT_TRUE(got.defined()) << path;
  ASSERT_EQ(got.shape(), want.shape()) << path;
  const auto a = got.to_vector<double>(), b = want.to_vector<double>();
  double largest = 1;
  for (double v : b) largest = std::max(largest, std::abs(v));
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-12 * largest) << path << " " << i;
}

bool is_index(const std::string& name) { return name == "index" || name == "offsets"; }

// The inputs of a case, as f takes them; and what that gives.
void expect_case(const std::string& name, const Names& inputs, const Function& f) {
  SCOPED_TRACE(name);
  Tensors x;
  for (const std::string& in : inputs) {
    const Tensor value = golden()(name + "/" + in);
    x.push_back(is_index(in) ? value.to(DType::int64) : watch(value));
  }
  const Tensor y = f(x);
  expect_near(y.detach(), name + "/y");
  const Gradients g = backward(sum(y * golden()(name + "/upstream")), {.graph = true});
  Tensor along = zeros({}, DType::float64);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (is_index(inputs[i])) continue;
    expect_near(g[x[i]].detach(), name + "/gradient_" + inputs[i]);
    if (golden().contains(name + "/direction_" + inputs[i]))
      along = along + sum(g[x[i]] * golden()(name + "/direction_" + inputs[i]));
  }
  const Gradients second = along.has_gradient() ? backward(along) : Gradients();
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!golden().contains(name + "/second_" + inputs[i])) continue;
    const Tensor got = second[x[i]];
    expect_near(got.defined() ? got : zeros(x[i].shape(), DType::float64), name + "/second_" + inputs[i]);
  }
}

template <class Layer> void expect_layer(const std::string& name, Layer layer) {
  expect_case(name, {"x"}, [&](const Tensors& x) { return layer(x[0]); });
}

TEST(TorchLayers, Activations) {
  expect_layer("hardtanh", nn::Hardtanh(-0.5, 1.25));
  expect_layer("relu6", nn::ReLU6());
  expect_layer("hardsigmoid", nn::Hardsigmoid());
  expect_layer("hardswish", nn::Hardswish());
  expect_layer("leaky_relu", nn::LeakyReLU(0.3));
  expect_layer("elu", nn::ELU(1.25));
  expect_layer("celu", nn::CELU(1.25));
  expect_layer("selu", nn::SELU());
  expect_layer("mish", nn::Mish());
  expect_layer("log_sigmoid", nn::LogSigmoid());
  expect_layer("softsign", nn::Softsign());
  expect_layer("softmax", nn::Softmax(0));
  expect_layer("log_softmax", nn::LogSoftmax(0));
  expect_layer("glu", nn::GLU(0));
  for (const char* name : {"prelu", "prelu_one"})
    expect_case(name, {"x", "weight"}, [](const Tensors& x) { return prelu(x[0], x[1]); });
  expect_case("swiglu", {"x", "gate", "up", "down"}, [](const Tensors& x) {
    return linear(swiglu(concatenate({linear(x[0], x[1]), linear(x[0], x[2])}, -1)), x[3]);
  });
}

TEST(TorchLayers, SwiGLU) {
  nn::SwiGLU layer(4, 5, rng, {.dtype = DType::float64});
  layer.gate.weight.set(golden()("swiglu/gate"));
  layer.up.weight.set(golden()("swiglu/up"));
  layer.down.weight.set(golden()("swiglu/down"));
  expect_near(layer(golden()("swiglu/x")).detach(), "swiglu/y");
}

TEST(TorchLayers, Pooling) {
  const nn::PoolingOptions ceil{.stride = 2, .padding = 1, .ceil_mode = true};
  const nn::PoolingOptions both{.stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false};
  expect_layer("avg_pool_ceil", nn::AvgPool2d(3, ceil));
  expect_layer("avg_pool_inside", nn::AvgPool2d({3, 2}, {.stride = {2, 1}, .padding = 1, .count_include_pad = false}));
  expect_layer("avg_pool_both", nn::AvgPool2d(3, both));
  expect_layer("avg_pool_over", nn::AvgPool2d(2, {.stride = 3, .ceil_mode = true}));
  expect_layer("max_pool_ceil", nn::MaxPool2d(3, ceil));
  expect_layer("avg_pool1d",
               nn::AvgPool1d(3, {.stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false}));
  expect_layer("max_pool1d", nn::MaxPool1d(3, {.stride = 2, .padding = 1}));
  const std::vector<std::pair<std::string, nn::Size2d>> sizes = {
      {"growing", {9, 10}}, {"uneven", {3, 5}}, {"dividing", {1, 4}}, {"one", 1}};
  for (const auto& [name, size] : sizes) {
    expect_layer("adaptive_avg_" + name, nn::AdaptiveAvgPool2d(size));
    expect_layer("adaptive_max_" + name, nn::AdaptiveMaxPool2d(size));
  }
}

const Names kWeighted = {"x", "weight", "bias"};

TEST(TorchLayers, Convolution) {
  expect_case("conv1d", kWeighted, [](const Tensors& x) {
    return conv1d(x[0], x[1], x[2], {.stride = 2, .padding = 1, .dilation = 2, .groups = 2});
  });
  expect_case("conv_transpose2d", kWeighted, [](const Tensors& x) { return conv_transpose2d(x[0], x[1], x[2]); });
  expect_case("conv_transpose2d_all", kWeighted, [](const Tensors& x) {
    return conv_transpose2d(
        x[0], x[1], x[2],
        {.stride = {2, 3}, .padding = {1, 2}, .output_padding = {1, 2}, .dilation = {2, 1}, .groups = 2});
  });
  expect_case("conv_transpose1d", kWeighted, [](const Tensors& x) {
    return conv_transpose1d(x[0], x[1], x[2], {.stride = 3, .padding = 1, .output_padding = 2, .groups = 2});
  });
}

// A layer with the parameters of a case.
template <class Layer> void expect_weighted(const std::string& name, Layer layer) {
  layer.weight.set(golden()(name + "/weight"));
  layer.bias.set(golden()(name + "/bias"));
  const Tensor x = watch(golden()(name + "/x")), y = layer(x);
  expect_near(y.detach(), name + "/y");
  const Gradients g = backward(sum(y * golden()(name + "/upstream")));
  expect_near(g[x], name + "/gradient_x");
  expect_near(g[layer.weight], name + "/gradient_weight");
  expect_near(g[layer.bias], name + "/gradient_bias");
}

TEST(TorchLayers, WeightedLayers) {
  constexpr DType t = DType::float64;
  expect_weighted("conv1d",
                  nn::Conv1d(4, 6, 3, rng, {.stride = 2, .padding = 1, .dilation = 2, .groups = 2, .dtype = t}));
  expect_weighted("conv1d_same", nn::Conv1d(3, 4, 4, rng, {.dtype = t, .same_padding = true}));
  expect_weighted("conv2d_same", nn::Conv2d(2, 4, {3, 2}, rng, {.dilation = {1, 3}, .dtype = t, .same_padding = true}));
  expect_weighted("conv_transpose2d", nn::ConvTranspose2d(3, 4, {3, 2}, rng, {.dtype = t}));
  expect_weighted("conv_transpose2d_all", nn::ConvTranspose2d(4, 6, {2, 3}, rng,
                                                              {.stride = {2, 3},
                                                               .padding = {1, 2},
                                                               .output_padding = {1, 2},
                                                               .dilation = {2, 1},
                                                               .groups = 2,
                                                               .dtype = t}));
  expect_weighted(
      "conv_transpose1d",
      nn::ConvTranspose1d(4, 6, 5, rng, {.stride = 3, .padding = 1, .output_padding = 2, .groups = 2, .dtype = t}));
  expect_weighted("group_norm", nn::GroupNorm(2, 4, {.epsilon = 1e-3, .dtype = t}));
  expect_weighted("instance_norm", nn::InstanceNorm2d(3, {.affine = true, .dtype = t}));
  expect_weighted("batch_norm_rows", nn::BatchNorm1d(3, {.dtype = t}));
  expect_weighted("batch_norm_lines", nn::BatchNorm1d(3, {.dtype = t}));
}

// The weight of a transposed convolution has its outputs on axis 1.
TEST(SpectralNorm, DividesByTheLargestSingularValueOfOutByTheRest) {
  const auto normalised = [](auto layer, const Tensor& weight) {
    layer.weight.set(weight);
    nn::SpectralNorm<decltype(layer)> norm(std::move(layer), rng / "norm");
    return norm.state.normalised(norm.layer.weight).detach().template to_vector<float>();
  };
  // As [2, 4] its singular values are 3 and 4.
  const std::vector<float> values{3, 0, 0, 0, 0, 4, 0, 0}, want{0.75f, 0, 0, 0, 0, 1, 0, 0};
  EXPECT_THAT(normalised(nn::Conv2d(1, 2, 2, rng), Tensor::from(values, {2, 1, 2, 2})),
              Pointwise(FloatNear(1e-6f), want));
  EXPECT_THAT(normalised(nn::ConvTranspose2d(1, 2, 2, rng), Tensor::from(values, {1, 2, 2, 2})),
              Pointwise(FloatNear(1e-6f), want));
  EXPECT_THAT(normalised(nn::ConvTranspose1d(1, 2, 4, rng), Tensor::from(values, {1, 2, 4})),
              Pointwise(FloatNear(1e-6f), want));
  EXPECT_THAT(normalised(nn::Linear(4, 2, rng), Tensor::from(values, {2, 4})), Pointwise(FloatNear(1e-6f), want));
}

TEST(TorchLayers, Norms) {
  expect_case("group_norm", kWeighted, [](const Tensors& x) { return group_norm(x[0], 2, x[1], x[2], 1e-3); });
  expect_layer("group_norm_plain", nn::GroupNorm(3, 6, {.affine = false}));
  expect_case("instance_norm", kWeighted, [](const Tensors& x) { return instance_norm(x[0], x[1], x[2]).y; });
  expect_layer("instance_norm1d", nn::InstanceNorm1d(3, {.epsilon = 0.1}));
  expect_case("rms_norm", {"x", "weight"}, [](const Tensors& x) { return rms_norm(x[0], x[1], 0x1p-52); });
  nn::RMSNorm layer(7, {.dtype = DType::float64});
  layer.weight.set(golden()("rms_norm/weight"));
  expect_near(layer(golden()("rms_norm/x")).detach(), "rms_norm/y");
  for (const char* name : {"batch_norm_rows", "batch_norm_lines"})
    expect_case(name, kWeighted, [](const Tensors& x) { return batch_norm(x[0], x[1], x[2]).y; });
}

template <class Layer> void expect_tracking(const std::string& name, Layer layer) {
  layer.weight.set(golden()(name + "/weight"));
  layer.bias.set(golden()(name + "/bias"));
  const Tensor x = golden()(name + "/x");
  layer(x[0]);
  expect_near(layer(x[1]).detach(), name + "/trained");
  expect_near(layer.running_mean, name + "/running_mean");
  expect_near(layer.running_var, name + "/running_var");
  const Evaluation evaluation;
  expect_near(layer(x[0]), name + "/evaluated");
}

TEST(TorchLayers, RunningStatistics) {
  constexpr DType t = DType::float64;
  expect_tracking("tracking_batch_rows", nn::BatchNorm1d(3, {.dtype = t}));
  expect_tracking("tracking_batch_lines", nn::BatchNorm1d(3, {.momentum = std::nullopt, .dtype = t}));
  expect_tracking("tracking_instance",
                  nn::InstanceNorm2d(3, {.affine = true, .track_running_stats = true, .momentum = 0.3, .dtype = t}));
}

// A layer by the case's weight: y and the weight's gradient.
template <class Layer, class Call>
void expect_embedding(const std::string& name, Layer& layer, Parameter& weight, const Call& call) {
  SCOPED_TRACE(name);
  weight.set(golden()(name + "/weight"));
  const Tensor y = call(layer, golden()(name + "/index").to(DType::int64));
  expect_near(y.detach(), name + "/y");
  expect_near(backward(sum(y * golden()(name + "/upstream")))[weight], name + "/gradient_weight");
}

TEST(TorchLayers, Embeddings) {
  const auto call = [](const auto& layer, const Tensor& index) { return layer(index); };
  nn::Embedding embedding(6, 4, rng / "embedding", {.padding_idx = -4, .dtype = DType::float64});
  expect_embedding("embedding", embedding, embedding.weight, call);
  for (const nn::Bag mode : {nn::Bag::sum, nn::Bag::mean}) {
    const std::string name = mode == nn::Bag::sum ? "bag_sum" : "bag_mean";
    nn::EmbeddingBag bag(6, 4, rng / name, {.mode = mode, .dtype = DType::float64});
    expect_embedding(name, bag, bag.embedding.weight, call);
    expect_embedding(name + "_offsets", bag, bag.embedding.weight, [&](const auto& layer, const Tensor& index) {
      return layer(index, golden()(name + "_offsets/offsets").to(DType::int64));
    });
    nn::EmbeddingBag padded(6, 4, rng / name, {.mode = mode, .padding_idx = 2, .dtype = DType::float64});
    expect_embedding(name + "_padded", padded, padded.embedding.weight, call);
  }
}

TEST(TorchLayers, WeightsMadeOfOthers) {
  expect_case("weight_norm", {"x", "v", "g"},
              [](const Tensors& x) { return linear(x[0], nn::weight_of(x[1], x[2], 0)); });
  expect_case("weight_norm_conv", {"x", "v", "g"},
              [](const Tensors& x) { return conv2d(x[0], nn::weight_of(x[1], x[2], 1)); });
  nn::Linear linear(4, 5, rng, {.bias = false, .dtype = DType::float64});
  linear.weight.set(golden()("spectral_norm/weight"));
  nn::SpectralNorm layer(std::move(linear), rng / "state");
  layer.state.u.set(golden()("spectral_norm/u"));
  layer.state.v.set(golden()("spectral_norm/v"));
  const Tensor x = watch(golden()("spectral_norm/x")), y = layer(x);
  expect_near(y.detach(), "spectral_norm/y");
  expect_near(layer.state.u, "spectral_norm/u_after");
  expect_near(layer.state.v, "spectral_norm/v_after");
  const Gradients g = backward(sum(y * golden()("spectral_norm/upstream")));
  expect_near(g[x], "spectral_norm/gradient_x");
  expect_near(g[layer.layer.weight], "spectral_norm/gradient_weight");
}

}  // namespace
}  // namespace stet
