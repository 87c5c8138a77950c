// Layers: shapes, gradients, names, copies, modes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>

#include "error_of.h"
#include "gradient_check.h"
#include "stet/nn/activation.h"
#include "stet/nn/conv.h"
#include "stet/nn/dropout.h"
#include "stet/nn/embedding.h"
#include "stet/nn/flatten.h"
#include "stet/nn/linear.h"
#include "stet/nn/pool.h"
#include "stet/nn/recurrent.h"
#include "stet/nn/sequential.h"
#include "stet/nn/summary.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Rng rng(1, "net");

Tensor random64(Shape shape, std::string_view name, double low = -2, double high = 2) {
  Stream stream(Rng(7) / name);
  return uniform(stream, std::move(shape), low, high, DType::float64);
}

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

// One check of a layer's gradients, for its input and its parameters.
template <class L> void expect_gradients(L layer, const Tensor& x) {
  EXPECT_TRUE(check_gradients([&](auto& in) { return layer(in[0]); }, {x}));
  if (parameters(layer).empty()) return;
  EXPECT_TRUE(check_parameter_gradients([&] { return layer(x); }, layer));
}

TEST(Linear, IsAnAffineMap) {
  nn::Linear layer(3, 2, rng);
  layer.weight.set(Tensor::from<float>({1, 2, 3, 4, 5, 6}, {2, 3}));
  layer.bias.set(Tensor::from<float>({10, 20}));
  EXPECT_THAT(layer(Tensor::from<float>({1, 0, -1}, {1, 3})).to_vector<float>(), ElementsAre(8, 18));
  EXPECT_EQ(layer(zeros({5, 4, 3})).shape(), Shape({5, 4, 2}));
  EXPECT_THAT(names(layer), ElementsAre("weight", "bias"));
  nn::Linear plain(3, 2, rng, {.bias = false});
  EXPECT_THAT(names(plain), ElementsAre("weight"));
  EXPECT_EQ(plain.describe(), "Linear(3, 2, no bias)");
}

TEST(Linear, Gradients) {
  expect_gradients(nn::Linear(4, 3, rng, {.dtype = DType::float64}), random64({5, 4}, "x"));
  expect_gradients(nn::Linear(4, 3, rng, {.bias = false, .dtype = DType::float64}), random64({2, 3, 4}, "x"));
}

TEST(Linear, AppliesItsActivation) {
  const nn::Linear layer(4, 6, rng, {.activation = Activation::relu});
  const Tensor x = random64({5, 4}, "x").to(DType::float32);
  EXPECT_EQ(layer(x).to_vector<float>(), relu(linear(x, layer.weight, layer.bias)).to_vector<float>());
  EXPECT_EQ(layer.describe(), "Linear(4, 6, relu)");
  expect_gradients(nn::Linear(4, 3, rng, {.activation = Activation::relu, .dtype = DType::float64}),
                   random64({5, 4}, "x"));
}

TEST(Linear, StartsUniformWithinOneOverTheRootOfItsFanIn) {
  const nn::Linear layer(64, 1000, rng);
  const Tensor w = layer.weight.value().detach();
  EXPECT_LE(max(abs(w)).item<float>(), 0.125f);
  EXPECT_GT(max(abs(w)).item<float>(), 0.124f);
  EXPECT_NEAR(mean(square(w)).item<float>(), 0.125 * 0.125 / 3, 2e-5);
  EXPECT_LE(max(abs(layer.bias.value().detach())).item<float>(), 0.125f);
  EXPECT_EQ(layer.weight.shared_state()->origin, "net/weight");
}

TEST(Linear, DrawsItsParametersFromPathsOfTheirOwn) {
  const nn::Linear a(8, 8, rng / "a"), same(8, 8, rng / "a"), b(8, 8, rng / "b"), wider(8, 9, rng / "a");
  const auto values = [](const Parameter& p) { return p.value().detach().to_vector<float>(); };
  EXPECT_EQ(values(a.weight), values(same.weight));
  EXPECT_NE(values(a.weight), values(b.weight));
  const auto weights = values(a.weight);
  EXPECT_NE(values(a.bias), std::vector<float>(weights.begin(), weights.begin() + 8));
  const auto more = values(wider.weight);
  EXPECT_EQ(weights, std::vector<float>(more.begin(), more.begin() + 64));
}

TEST(Linear, RefusesEmptyExtents) {
  EXPECT_THAT(error_of([] { nn::Linear(0, 3, rng); }), HasSubstr("Linear(0, 3)"));
  EXPECT_THROW(nn::Linear(3, -1, rng), UsageError);
}

TEST(Conv2d, GradientsWithEveryOption) {
  expect_gradients(nn::Conv2d(2, 3, 3, rng, {.dtype = DType::float64}), random64({2, 2, 5, 4}, "x"));
  expect_gradients(nn::Conv2d(4, 6, {3, 2}, rng,
                              {.stride = {2, 1},
                               .padding = {1, 2},
                               .dilation = {1, 2},
                               .groups = 2,
                               .bias = false,
                               .dtype = DType::float64}),
                   random64({2, 4, 6, 5}, "x"));
}

TEST(Conv2d, ShapesNamesAndHyperparameters) {
  nn::Conv2d layer(4, 8, {3, 5}, rng, {.stride = 2, .padding = {1, 2}, .groups = 4});
  EXPECT_EQ(layer.weight.shape(), Shape({8, 1, 3, 5}));
  EXPECT_EQ(layer(zeros({2, 4, 8, 8})).shape(), Shape({2, 8, 4, 4}));
  EXPECT_THAT(names(layer), ElementsAre("weight", "bias"));
  const auto hypers = Hypers(layer).found;
  EXPECT_EQ(hypers.at("stride"), "2x2");
  EXPECT_EQ(hypers.at("padding"), "1x2");
  EXPECT_EQ(hypers.at("groups"), "4");
  EXPECT_EQ(layer.describe(), "Conv2d(4, 8, 3x5, stride 2x2, padding 1x2, groups 4)");
  EXPECT_EQ(max(abs(layer.weight.value().detach())).item<float>() <= 1 / std::sqrt(15.0f), true);
}

TEST(Conv2d, HandsEveryOptionToTheOp) {
  const nn::Conv2d layer(4, 6, {3, 2}, rng, {.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 3}, .groups = 2});
  const Tensor x = random64({2, 4, 7, 9}, "x").to(DType::float32);
  const Tensor want =
      conv2d(x, layer.weight, layer.bias, {.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 3}, .groups = 2});
  EXPECT_EQ(layer(x).shape(), Shape({2, 6, 4, 10}));
  EXPECT_EQ(layer(x).to_vector<float>(), want.to_vector<float>());
}

TEST(Conv2d, AppliesItsActivation) {
  nn::Conv2d layer(2, 3, 3, rng, {.activation = Activation::relu});
  const Tensor x = random64({2, 2, 5, 4}, "x").to(DType::float32);
  EXPECT_EQ(layer(x).to_vector<float>(), relu(conv2d(x, layer.weight, layer.bias)).to_vector<float>());
  EXPECT_EQ(layer.describe(), "Conv2d(2, 3, 3x3, relu)");
  EXPECT_EQ(Hypers(layer).found.at("activation"), "relu");
}

TEST(Conv2d, RefusesWhatHasNoMeaning) {
  EXPECT_THAT(error_of([] { nn::Conv2d(3, 8, 3, rng, {.groups = 2}); }), HasSubstr("2 groups"));
  EXPECT_THROW(nn::Conv2d(3, 8, 0, rng), UsageError);
  EXPECT_THROW(nn::Conv2d(3, 8, 3, rng, {.stride = 0}), UsageError);
  EXPECT_THROW(nn::Conv2d(3, 8, 3, rng, {.padding = -1}), UsageError);
}

TEST(Pool2d, TakesTheLargestOrTheMean) {
  const Tensor x = Tensor::from<float>({1, 2, 3, 4, 5, 6, 7, 8}, {1, 1, 2, 4});
  EXPECT_THAT(nn::MaxPool2d(2)(x).to_vector<float>(), ElementsAre(6, 8));
  EXPECT_THAT(nn::AvgPool2d(2)(x).to_vector<float>(), ElementsAre(3.5, 5.5));
  EXPECT_EQ(nn::MaxPool2d(2, {.stride = 1})(x).shape(), Shape({1, 1, 1, 3}));
  EXPECT_EQ(nn::MaxPool2d(3, {.stride = 2, .padding = 1}).describe(), "MaxPool2d(3x3, stride 2x2, padding 1x1)");
  EXPECT_EQ(nn::AvgPool2d({3, 2}, {.stride = {1, 2}, .padding = {1, 0}})(zeros({1, 2, 5, 6})).shape(),
            Shape({1, 2, 5, 3}));
  EXPECT_THROW(nn::MaxPool2d(0), UsageError);
}

TEST(Pool2d, Gradients) {
  expect_gradients(nn::MaxPool2d(2), random64({2, 2, 4, 6}, "x"));
  expect_gradients(nn::MaxPool2d(3, {.stride = 2, .padding = 1}), random64({1, 2, 5, 6}, "x"));
  expect_gradients(nn::AvgPool2d(2), random64({2, 2, 4, 6}, "x"));
  expect_gradients(nn::AvgPool2d({3, 2}, {.stride = {1, 2}, .padding = {1, 0}}), random64({1, 2, 5, 6}, "x"));
}

TEST(Activations, Gradients) {
  const Tensor x = random64({3, 7}, "x", -4, 4);
  expect_gradients(nn::ReLU(), x);
  expect_gradients(nn::GELU(), x);
  expect_gradients(nn::GELU(Gelu::tanh), x);
  expect_gradients(nn::SiLU(), x);
  expect_gradients(nn::Tanh(), x);
  expect_gradients(nn::Sigmoid(), x);
  expect_gradients(nn::Softplus(), x);
}

TEST(Flatten, JoinsAllAxesButTheFirst) {
  EXPECT_EQ(nn::Flatten()(zeros({2, 3, 4, 5})).shape(), Shape({2, 60}));
  EXPECT_EQ(nn::Flatten(2)(zeros({2, 3, 4, 5})).shape(), Shape({2, 3, 20}));
  expect_gradients(nn::Flatten(), random64({2, 3, 2}, "x"));
}

TEST(Dropout, DropsInTrainingAndPassesInEvaluation) {
  nn::Dropout drop(0.25, rng / "drop");
  const Tensor x = ones({10000});
  const auto y = drop(x).to_vector<float>();
  const auto dropped = std::count(y.begin(), y.end(), 0.0f);
  EXPECT_NEAR(static_cast<double>(dropped), 2500, 200);
  EXPECT_EQ(std::count(y.begin(), y.end(), static_cast<float>(1 / 0.75)), 10000 - dropped);
  const Evaluation evaluation;
  EXPECT_EQ(drop(x).to_vector<float>(), x.to_vector<float>());
}

TEST(Dropout, TheGradientHasTheForwardsMask) {
  nn::Dropout drop(0.5, rng / "drop");
  const Tensor x = watch(ones({1000}));
  const Tensor y = drop(x), other = drop(x);
  EXPECT_EQ(backward(sum(y))[x].to_vector<float>(), y.to_vector<float>());
  EXPECT_NE(other.to_vector<float>(), y.to_vector<float>());
}

TEST(Dropout, RefusesAnythingButAProbabilityBelowOne) {
  EXPECT_THAT(error_of([] { nn::Dropout(1.5, rng / "drop"); }), HasSubstr("p = 1.5"));
  EXPECT_THROW(nn::Dropout(1, rng / "drop"), UsageError);
  EXPECT_THROW(nn::Dropout(-0.1, rng / "drop"), UsageError);
  EXPECT_THROW(nn::Dropout(std::nan(""), rng / "drop"), UsageError);
  nn::Dropout none(0, rng / "drop");
  EXPECT_EQ(none(ones({3})).to_vector<float>(), std::vector<float>(3, 1));
}

TEST(Dropout, ReportsItsProbability) {
  nn::Dropout drop(0.2, rng / "drop");
  EXPECT_EQ(Hypers(drop).found.at("p"), "0.2");
  EXPECT_EQ(drop.describe(), "Dropout(0.2)");
}

nn::Sequential classifier() {
  return nn::Sequential(nn::Flatten(), nn::Linear(12, 8, rng / "0"), relu, nn::Dropout(0.5, rng / "drop"),
                        nn::Linear(8, 3, rng / "1"));
}

TEST(Sequential, CallsItsLayersInOrder) {
  nn::Sequential net(nn::Linear(2, 3, rng / "0"), relu, [](const Tensor& x) { return x * 2; });
  const Tensor x = random64({4, 2}, "x").to(DType::float32);
  const auto& first = net.get<nn::Linear>(0);
  EXPECT_EQ(net(x).to_vector<float>(), (relu(linear(x, first.weight, first.bias)) * 2).to_vector<float>());
  EXPECT_EQ(nn::Sequential()(x).to_vector<float>(), x.to_vector<float>());
}

TEST(Sequential, NamesAreNumbersOrGiven) {
  nn::Sequential net = classifier();
  EXPECT_THAT(names(net), ElementsAre("1/weight", "1/bias", "4/weight", "4/bias"));
  nn::Sequential named;
  named.add("in", nn::Linear(2, 3, rng / "in")).add(relu).add("out", nn::Linear(3, 1, rng / "out"));
  EXPECT_THAT(names(named), ElementsAre("in/weight", "in/bias", "out/weight", "out/bias"));
  EXPECT_THAT(error_of([&] { named.add("in", nn::ReLU()); }), HasSubstr("'in'"));
  EXPECT_THAT(error_of([&] { named.get<nn::Linear>(7); }), HasSubstr("no layer 7"));
  EXPECT_THAT(error_of([&] { named.get<nn::Linear>(1); }), HasSubstr("another type"));
}

TEST(Sequential, ACopyHasItsOwnCellsAndAMoveKeepsThem) {
  nn::Sequential net = classifier();
  auto* cell = net.get<nn::Linear>(1).weight.shared_state().get();
  nn::Sequential copy = net;
  EXPECT_NE(copy.get<nn::Linear>(1).weight.shared_state().get(), cell);
  const auto before = copy.get<nn::Linear>(1).weight.value().to_vector<float>();
  net.get<nn::Linear>(1).weight.set(zeros({8, 12}));
  EXPECT_EQ(copy.get<nn::Linear>(1).weight.value().to_vector<float>(), before);
  nn::Sequential moved = std::move(net);
  EXPECT_EQ(moved.get<nn::Linear>(1).weight.shared_state().get(), cell);
  moved = copy;  // of the same layers: takes the values into its own cells
  EXPECT_EQ(moved.get<nn::Linear>(1).weight.shared_state().get(), cell);
  EXPECT_EQ(moved.get<nn::Linear>(1).weight.value().to_vector<float>(), before);
  moved = nn::Sequential(nn::ReLU());
  EXPECT_EQ(moved.size(), 1u);
}

TEST(Sequential, NestsAndPassesGradients) {
  nn::Sequential net(nn::Sequential(nn::Linear(3, 4, rng / "0", {.dtype = DType::float64}), nn::Tanh()), nn::Tanh(),
                     nn::Linear(4, 2, rng / "1", {.dtype = DType::float64}));
  EXPECT_THAT(names(net), ElementsAre("0/0/weight", "0/0/bias", "2/weight", "2/bias"));
  const Tensor x = random64({5, 3}, "x");
  EXPECT_TRUE(check_gradients([&](auto& in) { return net(in[0]); }, {x}));
  EXPECT_TRUE(check_parameter_gradients([&] { return net(x); }, net));
}

struct Tied : nn::Module {
  nn::Linear in{6, 4, rng / "in"}, out{6, 4, rng / "out", {.bias = false}};
  nn::Dropout drop{0.2, rng / "drop"};
  Tied() { tie(in.weight, out.weight); }
  void members(Visitor& v) override { v("in", in)("drop", drop)("out", out); }
};

TEST(Summary, ShowsLayersShapesAndCounts) {
  Tied net;
  EXPECT_EQ(nn::summary(net),
            "layer  type                   parameters               count\n"
            "in     Linear(6, 4)           weight [4, 6], bias [4]     28\n"
            "drop   Dropout(0.2)\n"
            "out    Linear(6, 4, no bias)  weight = in/weight\n"
            "total                                                     28\n");
  testing::internal::CaptureStdout();
  print(net);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), nn::summary(net));
}

TEST(Summary, OfASingleLayerAndOfALargeOne) {
  nn::Linear layer(784, 512, rng);
  EXPECT_THAT(nn::summary(layer), HasSubstr(".      Linear(784, 512)  weight [512, 784], bias [512]  401,920\n"));
  nn::Sequential net(nn::Sequential(nn::Linear(2, 2, rng)), nn::ReLU());
  EXPECT_THAT(nn::summary(net), HasSubstr("\n0/0 "));
  EXPECT_THAT(nn::summary(net), testing::Not(HasSubstr("\n0 ")));
}

TEST(Module, CopyKeepsTies) {
  Tied net;
  Tied other = copy(net);
  EXPECT_EQ(parameter_count(other), parameter_count(net));
  EXPECT_EQ(other.in.weight.shared_state(), other.out.weight.shared_state());
  EXPECT_NE(other.in.weight.shared_state(), net.in.weight.shared_state());
  EXPECT_EQ(other.in.weight.value().to_vector<float>(), net.in.weight.value().to_vector<float>());
  other.in.weight.set(zeros({4, 6}));
  EXPECT_EQ(other.out.weight.value().to_vector<float>(), std::vector<float>(24, 0));
  EXPECT_NE(net.in.weight.value().to_vector<float>(), std::vector<float>(24, 0));
  EXPECT_EQ(copy(copy(other)).in.weight.value().to_vector<float>(), std::vector<float>(24, 0));
}

TEST(Module, APlainCopyOfATiedCellNamesIt) {
  Tied net;
  EXPECT_THAT(error_of([&] { const Tied other = net; }), HasSubstr("in/weight: 2 names share it"));
  EXPECT_THAT(error_of([&] { const nn::Linear layer = net.out; }), HasSubstr("use copy(network)"));
  const nn::Linear alone = copy(net.in);  // of a part, the part's own
  EXPECT_NE(alone.weight.shared_state(), net.in.weight.shared_state());
  Tied moved = std::move(net);  // moving keeps the tie
  EXPECT_EQ(moved.in.weight.shared_state(), moved.out.weight.shared_state());
  Tied values = copy(moved);
  values = moved;  // each keeps its cells and takes the values
  EXPECT_EQ(values.in.weight.shared_state(), values.out.weight.shared_state());
  tie(moved.out.weight, values.out.weight);  // in values the names are parted, so each may be copied
  EXPECT_EQ(parameter_count(values), 52);
  const nn::Linear in = values.in;
  EXPECT_EQ(in.weight.shape(), (Shape{4, 6}));
}

TEST(Module, ANameThatIsGoneSharesNothing) {
  nn::Linear kept(6, 4, rng / "kept");
  {
    nn::Linear gone(6, 4, rng / "gone");
    tie(kept.weight, gone.weight);
    EXPECT_THROW(nn::Linear(static_cast<const nn::Linear&>(kept)), UsageError);
  }
  const nn::Linear plain = kept;
  EXPECT_NE(plain.weight.shared_state(), kept.weight.shared_state());
}

TEST(Sequential, IsCopiedWithItsTies) {
  nn::Sequential net(nn::Linear(3, 3, rng / "0"), nn::Tanh(), nn::Linear(3, 3, rng / "1"));
  tie(net.get<nn::Linear>(0).weight, net.get<nn::Linear>(2).weight);
  EXPECT_THROW(nn::Sequential(static_cast<const nn::Sequential&>(net)), UsageError);
  nn::Sequential other = copy(net);
  EXPECT_EQ(parameter_count(other), 15);
}

TEST(Module, TiedParametersAreOneCellAndGetOneGradient) {
  Tied net;
  EXPECT_THAT(names(net), ElementsAre("in/weight", "in/bias"));
  const Tensor x = ones({1, 6});
  const Gradients g = backward(sum(net.in(x) + net.out(x)));
  EXPECT_EQ(g.entries().size(), 2u);
  EXPECT_EQ(g[net.in.weight].to_vector<float>(), std::vector<float>(24, 2));
  EXPECT_EQ(g[net.out.weight].to_vector<float>(), std::vector<float>(24, 2));
}

TEST(Layers, ErrorsOfIndicesAndStatesNameTheLayer) {
  const nn::Embedding table(8, 4, Rng(1, "table"));
  EXPECT_EQ(error_of<Error>([&] {
              table(Tensor::from<int64_t>({0, 8}));
            }),
            "Embedding(8, 4): index_select: index 8 at position 1 is not in 0 to 7");
  EXPECT_EQ(error_of<Error>([&] { table(Tensor::from<int32_t>({0})); }),
            "Embedding(8, 4): takes indices as int64, not int32; convert them with to(DType::int64)");
  const nn::LSTM net(6, 4, Rng(1, "lstm"));
  EXPECT_EQ(error_of<Error>([&] {
              net(zeros({2, 5, 6}), {zeros({1, 3, 4}), {}});
            }),
            "LSTM(6, 4): the initial state [layers, B, units] is [1, 2, 4] here, not [1, 3, 4]");
}

}  // namespace
}  // namespace stet
