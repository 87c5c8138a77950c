// Layers for sequences: against PyTorch's values and gradients, names, shapes, and what they refuse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "golden.h"
#include "gradient_check.h"
#include "stet/nn/attention.h"
#include "stet/nn/embedding.h"
#include "stet/nn/norm.h"
#include "stet/nn/recurrent.h"
#include "stet/nn/summary.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using testing::ElementsAre;

constexpr double kTolerance = 1e-12;  // float64 on both sides; only the order of sums differs

const Rng rng(1, "net");

const Golden& golden() {
  static const Golden file("sequence.h5");
  return file;
}

void expect_near(const Tensor& got, const Tensor& want, const std::string& what) {
  ASSERT_TRUE(got.defined()) << what;
  ASSERT_EQ(got.shape(), want.shape()) << what;
  const auto a = got.to_vector<double>(), b = want.to_vector<double>();
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_NEAR(a[i], b[i], kTolerance * std::max(1.0, std::abs(b[i]))) << what << " " << i;
}

using Named = std::map<std::string, Tensor>;

// Compares the results of a golden case, and the gradients of its loss for the inputs named.
void expect_case(const std::string& name, const std::vector<std::string>& inputs,
                 const std::function<Named(const Named&)>& f) {
  SCOPED_TRACE(name);
  Named watched;
  for (const std::string& in : inputs) watched[in] = watch(golden()(name + "/" + in));
  Tensor loss;
  for (const auto& [result, value] : f(watched)) {
    expect_near(value.detach(), golden()(name + "/" + result), result);
    const Tensor part = sum(value * golden()(name + "/weight_" + result));
    loss = loss.defined() ? loss + part : part;
  }
  const Gradients g = backward(loss);
  for (const auto& [in, value] : watched)
    expect_near(g[value], golden()(name + "/gradient_" + in), "gradient of " + in);
}

TEST(Sequence, OpsAgreeWithPyTorch) {
  expect_case("attention", {"q", "k", "v"}, [](const Named& x) {
    return Named{{"y", attention(x.at("q"), x.at("k"), x.at("v"))}};
  });
  expect_case("attention_causal", {"q", "k", "v"}, [](const Named& x) {
    return Named{{"y", attention(x.at("q"), x.at("k"), x.at("v"), {.causal = true})}};
  });
  expect_case("gelu", {"x"}, [](const Named& x) { return Named{{"y", gelu(x.at("x"))}}; });
  expect_case("gelu_tanh", {"x"}, [](const Named& x) { return Named{{"y", gelu(x.at("x"), Gelu::tanh)}}; });
}

// The gradients of a module's parameters beside those that a golden case has under other names.
void expect_parameter_gradients(const Gradients& g, const std::string& name,
                                const std::map<std::string, Parameter*>& parameters) {
  for (const auto& [in, parameter] : parameters)
    expect_near(g[*parameter], golden()(name + "/gradient_" + in), "gradient of " + in);
}

void set_parameters(const std::string& name, const std::map<std::string, Parameter*>& parameters) {
  for (const auto& [in, parameter] : parameters) parameter->set(golden()(name + "/" + in));
}

void expect_lstm(const std::string& name, int64_t in, int64_t units, int64_t layers) {
  SCOPED_TRACE(name);
  nn::LSTM net(in, units, rng, {.layers = layers, .dtype = DType::float64});
  std::map<std::string, Parameter*> parameters;
  for (int64_t i = 0; i < layers; ++i) {
    auto& layer = net.layers[static_cast<size_t>(i)];
    const std::string suffix = "_l" + std::to_string(i);
    parameters.insert({{"weight_ih" + suffix, &layer.input},
                       {"weight_hh" + suffix, &layer.recurrent},
                       {"bias_ih" + suffix, &layer.input_bias},
                       {"bias_hh" + suffix, &layer.recurrent_bias}});
  }
  set_parameters(name, parameters);
  const Tensor x = watch(golden()(name + "/x")), h0 = watch(golden()(name + "/h0")), c0 = watch(golden()(name + "/c0"));
  const auto [output, last] = net(x, {h0, c0});
  expect_near(output.detach(), golden()(name + "/output"), "output");
  expect_near(last.hidden.detach(), golden()(name + "/h"), "h");
  expect_near(last.cell.detach(), golden()(name + "/c"), "c");
  const auto weighted = [&](const Tensor& value, const char* result) {
    return sum(value * golden()(name + "/weight_" + result));
  };
  const Gradients g = backward(weighted(output, "output") + weighted(last.hidden, "h") + weighted(last.cell, "c"));
  expect_near(g[x], golden()(name + "/gradient_x"), "gradient of x");
  expect_near(g[h0], golden()(name + "/gradient_h0"), "gradient of h0");
  expect_near(g[c0], golden()(name + "/gradient_c0"), "gradient of c0");
  expect_parameter_gradients(g, name, parameters);
}

TEST(LSTM, AgreesWithPyTorch) {
  expect_lstm("lstm", 4, 3, 1);
  expect_lstm("lstm_two_layers", 3, 5, 2);
}

TEST(LSTM, NamesShapesAndStates) {
  nn::LSTM net(3, 5, rng, {.layers = 2});
  std::vector<std::string> names;
  for (const auto& p : parameters(net)) names.push_back(p.name);
  EXPECT_THAT(names, ElementsAre("0/input", "0/recurrent", "0/input_bias", "0/recurrent_bias", "1/input", "1/recurrent",
                                 "1/input_bias", "1/recurrent_bias"));
  const auto [output, last] = net(zeros({4, 7, 3}));
  EXPECT_EQ(output.shape(), Shape({4, 7, 5}));
  EXPECT_EQ(last.hidden.shape(), Shape({2, 4, 5}));
  EXPECT_EQ(last.cell.shape(), Shape({2, 4, 5}));
  EXPECT_EQ(net.describe(), "LSTM(3, 5, 2 layers)");
  EXPECT_EQ(parameter_count(net), 4 * 5 * (3 + 5 + 2) + 4 * 5 * (5 + 5 + 2));
  nn::LSTM plain(3, 5, rng, {.bias = false});
  EXPECT_EQ(parameter_count(plain), 4 * 5 * (3 + 5));
  EXPECT_LE(max(abs(plain.layers[0].input.value().detach())).item<float>(), 1 / std::sqrt(5.0f));
  EXPECT_THROW(net(zeros({4, 7, 3}), {zeros({1, 4, 5}), {}}), UsageError);
  EXPECT_THROW(nn::LSTM(3, 0, rng), UsageError);
}

TEST(Embedding, AgreesWithPyTorch) {
  nn::Embedding table(6, 4, rng, {.dtype = DType::float64});
  table.weight.set(golden()("embedding/weight"));
  const Tensor y = table(golden()("embedding/index").to(DType::int64));
  expect_near(y.detach(), golden()("embedding/y"), "y");
  const Gradients g = backward(sum(y * golden()("embedding/weight_y")));
  expect_near(g[table.weight], golden()("embedding/gradient_weight"), "gradient");
}

TEST(Embedding, StartsStandardNormalAndRefusesWhatItHasNot) {
  const nn::Embedding table(400, 50, rng);
  const Tensor w = table.weight.value().detach();
  EXPECT_NEAR(mean(square(w)).item<float>(), 1, 0.03);
  EXPECT_EQ(table(Tensor::from<int64_t>({1, 2, 3})).shape(), Shape({3, 50}));
  EXPECT_THROW(table(Tensor::from<int64_t>({400})), DataError);
  EXPECT_THROW(nn::Embedding(0, 3, rng), UsageError);
  EXPECT_EQ(table.describe(), "Embedding(400, 50)");
}

TEST(MultiHeadAttention, IsALayerOfAGptAsInPyTorch) {
  const std::string name = "gpt_layer";
  const nn::LinearOptions linear{.bias = false, .dtype = DType::float64};
  nn::LayerNorm norm1(8, {.dtype = DType::float64}), norm2(8, {.dtype = DType::float64});
  nn::MultiHeadAttention attention(8, 2, rng, {.bias = false, .dtype = DType::float64});
  nn::Linear up(8, 32, rng / "up", linear), down(32, 8, rng / "down", linear);
  const std::map<std::string, Parameter*> parameters = {{"norm1_weight", &norm1.weight},
                                                        {"norm1_bias", &norm1.bias},
                                                        {"qkv", &attention.qkv.weight},
                                                        {"projection", &attention.projection.weight},
                                                        {"norm2_weight", &norm2.weight},
                                                        {"norm2_bias", &norm2.bias},
                                                        {"up", &up.weight},
                                                        {"down", &down.weight}};
  set_parameters(name, parameters);
  const Tensor x = watch(golden()(name + "/x"));
  const Tensor mixed = x + attention(norm1(x));
  const Tensor y = mixed + down(gelu(up(norm2(mixed))));
  expect_near(y.detach(), golden()(name + "/y"), "y");
  const Gradients g = backward(sum(y * golden()(name + "/weight_y")));
  expect_near(g[x], golden()(name + "/gradient_x"), "gradient of x");
  expect_parameter_gradients(g, name, parameters);
}

TEST(MultiHeadAttention, NamesAndOptions) {
  nn::MultiHeadAttention layer(12, 3, rng, {.causal = false});
  std::vector<std::string> names;
  for (const auto& p : parameters(layer)) names.push_back(p.name);
  EXPECT_THAT(names, ElementsAre("qkv/weight", "qkv/bias", "projection/weight", "projection/bias"));
  EXPECT_EQ(layer.describe(), "MultiHeadAttention(12, 3 heads)");
  EXPECT_EQ(nn::MultiHeadAttention(12, 3, rng).describe(), "MultiHeadAttention(12, 3 heads, causal)");
  EXPECT_EQ(layer(zeros({2, 5, 12})).shape(), Shape({2, 5, 12}));
  EXPECT_THROW(nn::MultiHeadAttention(12, 5, rng), UsageError);
}

}  // namespace
}  // namespace stet
