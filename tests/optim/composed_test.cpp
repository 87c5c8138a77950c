// Optimizers that are composed of ops: the bits of numerics.md, state that ends at +0, resuming, settings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>

#include "error_of.h"
#include "net.h"
#include "snapshot.h"
#include "stet/optim/adafactor.h"
#include "stet/optim/adagrad.h"
#include "stet/optim/lion.h"
#include "stet/optim/muon.h"
#include "stet/optim/nadam.h"
#include "stet/optim/rmsprop.h"

namespace stet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Net : Stateful {
  Parameter p;
  explicit Net(const Tensor& start) : p(start, "p") {}
  void members(Visitor& v) override { v("p", p); }
};

float flushed(float x) { return std::fabs(x) < std::numeric_limits<float>::min() ? 0.0f : x; }
float f(double x) { return static_cast<float>(x); }

// One element's state and its step for a gradient, as numerics.md has it, in binary32 without contraction.
struct Element {
  float p, a = 0, b = 0, c = 0;
};
using Step = std::function<void(Element&, float g, int64_t t)>;

void rmsprop(Element& e, float g, int64_t) {
  const float d = g + f(0.1) * e.p;
  e.a = flushed(f(0.9) * e.a + (f(1 - 0.9) * d) * d);
  e.b = flushed(f(0.9) * e.b + f(1 - 0.9) * d);
  const float u = d / (std::sqrt(std::max(e.a - e.b * e.b, 0.0f)) + f(1e-3));
  e.c = flushed(f(0.7) * e.c + u);
  e.p = e.p - f(0.01) * e.c;
}

void adagrad(Element& e, float g, int64_t t) {
  if (t == 1) e.a = f(0.1);
  e.a = flushed(e.a + g * g);
  e.p = e.p - f(0.05 / (1 + static_cast<double>(t - 1) * 0.3)) * (g / (std::sqrt(e.a) + f(1e-10)));
}

void adadelta(Element& e, float g, int64_t) {
  e.a = flushed(f(0.9) * e.a + (f(1 - 0.9) * g) * g);
  const float change = (std::sqrt(e.b + f(1e-6)) / std::sqrt(e.a + f(1e-6))) * g;
  e.b = flushed(f(0.9) * e.b + (f(1 - 0.9) * change) * change);
  e.p = e.p - change;
}

void lion(Element& e, float g, int64_t) {
  const float s = f(0.9) * e.a + f(1 - 0.9) * g;
  e.p = e.p - (f(0.01) * (s > 0 ? 1.0f : s < 0 ? -1.0f : s) + f(0.01 * 0.5) * e.p);
  e.a = flushed(f(0.99) * e.a + f(1 - 0.99) * g);
}

template <class Optimizer, class Options> void expect_bits(const Options& options, const Step& step) {
  const std::vector<float> start = {0.3f, -2, 0, 1e-3f, 7, -0.0f, 1e20f, 1};
  Net net(Tensor::from(start));
  Optimizer optimizer(net, options);
  std::vector<Element> elements;
  for (const float p : start) elements.push_back({p});
  for (int64_t t = 1; t <= 12; ++t) {
    std::vector<float> g;
    for (size_t i = 0; i < start.size(); ++i)
      g.push_back(i == 7 ? 1e-30f : std::sin(static_cast<float>(t) * 1.7f + static_cast<float>(i)) * (i == 4 ? 30 : 1));
    optimizer.step(backward(sum(net.p.value() * Tensor::from(g))));
    for (size_t i = 0; i < start.size(); ++i) step(elements[i], g[i], t);
    const auto got = net.p.value().to_vector<float>();
    for (size_t i = 0; i < start.size(); ++i)
      ASSERT_EQ(std::bit_cast<uint32_t>(got[i]), std::bit_cast<uint32_t>(elements[i].p)) << i << " at step " << t;
  }
}

TEST(ComposedOptimizer, HasTheBitsOfTheContract) {
  using namespace optim;
  expect_bits<RMSprop>(
      RmsPropOptions{.alpha = 0.9, .epsilon = 1e-3, .momentum = 0.7, .centered = true, .weight_decay = 0.1}, rmsprop);
  expect_bits<Adagrad>(AdagradOptions{.lr = 0.05, .lr_decay = 0.3, .initial = 0.1}, adagrad);
  expect_bits<Adadelta>(AdadeltaOptions{}, adadelta);
  expect_bits<Lion>(LionOptions{.lr = 0.01, .weight_decay = 0.5}, lion);
}

TEST(ComposedOptimizer, GoesOnFromItsStateInTheSameBits) {
  using namespace optim;
  const auto schedule = warm_up(5, cosine(30));
  expect_resumes(
      [&](Stateful& net) { return RMSprop(net, {.momentum = 0.9, .centered = true, .schedule = schedule}); });
  expect_resumes([&](Stateful& net) { return Adagrad(net, {.lr_decay = 0.1, .schedule = schedule}); });
  expect_resumes([&](Stateful& net) { return Adadelta(net, {.schedule = schedule}); });
  expect_resumes([&](Stateful& net) { return NAdam(net, {.schedule = schedule}); });
  expect_resumes([&](Stateful& net) { return Lion(net, {.schedule = schedule}, {{"out/*", {.lr = 0.1}}}); });
  expect_resumes([&](Stateful& net) { return Adafactor(net, {.schedule = schedule}); });
  expect_resumes([&](Stateful& net) { return Muon(net, {.by_adamw = {"out/*"}, .schedule = schedule}); });
}

// Every tensor of the state after many gradients of zero.
template <class Optimizer> void expect_state_dies(Optimizer make(Stateful&)) {
  Net net(Tensor::from<float>({1, -1, 0.5f, 2}, {2, 2}));
  Optimizer optimizer = make(net);
  optimizer.step(backward(sum(net.p.value() * Tensor::from<float>({1e-15f, -1e-15f, 1e-3f, 1}, {2, 2}))));
  for (int i = 0; i < 1500; ++i) optimizer.step(backward(sum(net.p.value() * zeros({2, 2}))));
  for (const auto& [path, state] : Snapshot(optimizer).tensors) {
    for (const float x : state.template to_vector<float>())
      EXPECT_TRUE(std::bit_cast<uint32_t>(x) == 0 || std::isnormal(x)) << path << " " << x;
  }
}

TEST(ComposedOptimizer, StateThatDiesAwayEndsAtPlusZero) {
  using namespace optim;
  expect_state_dies<RMSprop>(
      [](Stateful& net) { return RMSprop(net, {.alpha = 0.9, .momentum = 0.9, .centered = true}); });
  expect_state_dies<Adadelta>([](Stateful& net) { return Adadelta(net); });
  expect_state_dies<NAdam>([](Stateful& net) { return NAdam(net, {.beta2 = 0.9}); });
  expect_state_dies<Lion>([](Stateful& net) { return Lion(net, {.beta2 = 0.9}); });
  expect_state_dies<Muon>([](Stateful& net) { return Muon(net, {.momentum = 0.9}); });
}

TEST(RMSprop, CenteredOfASteadyGradientIsFinite) {
  Net net(Tensor::from<float>({1}));
  optim::RMSprop optimizer(net, {.centered = true});
  for (int i = 0; i < 3000; ++i) optimizer.step(backward(sum(net.p.value() * 0.3)));
  EXPECT_TRUE(std::isfinite(net.p.value().to_vector<float>()[0]));
}

TEST(Adafactor, KeepsRowsAndColumnsAlone) {
  Net net(ones({2, 3, 4}));
  optim::Adafactor optimizer(net);
  const auto state = Snapshot(optimizer).tensors;
  EXPECT_EQ(state.at("state/p/row").shape(), Shape({2, 3, 1}));
  EXPECT_EQ(state.at("state/p/column").shape(), Shape({2, 1, 4}));
  Net vector(ones({3}));
  optim::Adafactor other(vector);
  EXPECT_EQ(Snapshot(other).tensors.at("state/p/square").shape(), Shape({3}));
}

// Singular values of a direction, from the eigenvalues of its 2 x 2 Gram matrix.
std::pair<double, double> singular_values(const Tensor& m) {
  const auto gram = matmul(m, m.transpose()).to(DType::float64).to_vector<double>();
  const double half = (gram[0] + gram[3]) / 2,
               root = std::sqrt(std::pow((gram[0] - gram[3]) / 2, 2) + gram[1] * gram[2]);
  return {std::sqrt(half - root), std::sqrt(half + root)};
}

TEST(Muon, MovesAMatrixByADirectionWhoseSingularValuesAreNearOne) {
  const Tensor gradient = Tensor::from<float>({3, 1, 0, -2, 0.1f, 0.2f, 0.05f, 0.1f}, {2, 4});
  for (const bool tall : {false, true}) {
    const Tensor g = tall ? contiguous(gradient.transpose()) : gradient;
    Net net(zeros(g.shape()));
    optim::Muon optimizer(net, {.lr = 1});
    optimizer.step(backward(sum(net.p.value() * g)));
    const Tensor moved = net.p.value().detach();
    const auto [low, high] = singular_values(tall ? moved.transpose() / std::sqrt(2.0) : moved);
    EXPECT_GT(low, 0.6);
    EXPECT_LT(high, 1.3);
  }
}

TEST(Muon, FlattensTheAxesAfterTheFirst) {
  const Tensor g = Tensor::from<float>({3, 1, 0, -2, 0.1f, 0.2f, 0.05f, 0.1f});
  Net kernel(zeros({2, 2, 1, 2})), matrix(zeros({2, 4}));
  optim::Muon of_kernel(kernel), of_matrix(matrix);
  of_kernel.step(backward(sum(kernel.p.value() * g.reshape({2, 2, 1, 2}))));
  of_matrix.step(backward(sum(matrix.p.value() * g.reshape({2, 4}))));
  EXPECT_EQ(kernel.p.value().to_vector<float>(), matrix.p.value().to_vector<float>());
}

TEST(Muon, GroupsHoldForBothKinds) {
  GoldenNet net(DType::float32);
  optim::Muon optimizer(net, {.by_adamw = {"out/weight"}}, {{"*/bias", {.lr = 0}}, {"out/*", {.lr = 0}}});
  const auto bias = net.in.bias.value().to_vector<float>(), out = net.out.weight.value().to_vector<float>();
  optimizer.step(backward(net.loss(0)));
  EXPECT_EQ(net.in.bias.value().to_vector<float>(), bias);
  EXPECT_EQ(net.out.weight.value().to_vector<float>(), out);
  const auto state = Snapshot(optimizer).tensors;
  EXPECT_TRUE(state.contains("state/in/weight/momentum"));
  EXPECT_TRUE(state.contains("state/out/weight/square"));
  EXPECT_EQ(Snapshot(optimizer).hypers.at("by_adamw"), "out/weight");
}

TEST(ComposedOptimizer, RefusesSettingsOutOfRange) {
  using namespace optim;
  GoldenNet net(DType::float32);
  EXPECT_THAT(error_of([&] { RMSprop(net, {.alpha = 1}); }), HasSubstr("RMSprop: alpha = 1"));
  EXPECT_THROW(RMSprop(net, {.epsilon = 0}), UsageError);
  EXPECT_THROW(RMSprop(net, {.momentum = -1}), UsageError);
  EXPECT_THROW(RMSprop(net, {.weight_decay = -1}), UsageError);
  EXPECT_THAT(error_of([&] { Adagrad(net, {.lr_decay = -1}); }), HasSubstr("Adagrad: lr_decay"));
  EXPECT_THROW(Adagrad(net, {.initial = -1}), UsageError);
  EXPECT_THAT(error_of([&] { Adadelta(net, {.rho = 1}); }), HasSubstr("Adadelta: rho"));
  EXPECT_THAT(error_of([&] { NAdam(net, {.momentum_decay = -1}); }), HasSubstr("NAdam: momentum_decay"));
  EXPECT_THAT(error_of([&] { Lion(net, {.beta2 = 1}); }), HasSubstr("Lion: beta2"));
  EXPECT_THAT(error_of([&] { Adafactor(net, {.beta2_decay = 1}); }), HasSubstr("Adafactor: beta2_decay"));
  EXPECT_THROW(Adafactor(net, {.epsilon1 = 0}), UsageError);
  EXPECT_THAT(error_of([&] { Adafactor(net, {.epsilon1 = 1e-30}); }), HasSubstr("epsilon1, squared, ="));
  EXPECT_THROW(Adafactor(net, {.clip = 0}), UsageError);
  EXPECT_THAT(error_of([&] { Muon(net, {.momentum = 1}); }), HasSubstr("Muon: momentum"));
  EXPECT_THAT(error_of([&] { Muon(net, {.by_adamw = {"embeding/*"}}); }), HasSubstr("'embeding/*' of by_adamw"));
}

}  // namespace
}  // namespace stet
