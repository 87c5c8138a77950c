// Schedules, clipping, averages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "error_of.h"
#include "net.h"
#include "stet/nn/dropout.h"
#include "stet/nn/linear.h"
#include "stet/optim/average.h"
#include "stet/optim/clip.h"
#include "stet/optim/power.h"
#include "stet/optim/schedule.h"
#include "stet/optim/sgd.h"

namespace stet {
namespace {

using testing::HasSubstr;

TEST(Power, IsSquareAndMultiply) {
  EXPECT_EQ(optim::power(0.9, 0), 1);
  EXPECT_EQ(optim::power(0.9, 1), 0.9);
  EXPECT_EQ(optim::power(0.9, 5), ((0.9 * 0.9) * (0.9 * 0.9)) * 0.9);
  EXPECT_EQ(optim::power(0.9, 6), ((0.9 * 0.9) * 0.9) * ((0.9 * 0.9) * 0.9));
  EXPECT_EQ(optim::power(2, 1000), 0x1p1000);
  EXPECT_EQ(optim::power(0.5, int64_t{1} << 40), 0);
}

TEST(Schedule, MeetsItsCorners) {
  const auto cosine = optim::cosine(10, 0.2);
  EXPECT_EQ(cosine(0), 1);
  EXPECT_NEAR(cosine(5), 0.6, 1e-15);
  EXPECT_EQ(cosine(10), 0.2);
  EXPECT_EQ(cosine(1000), 0.2);
  const auto warm = optim::warm_up(4, optim::step_decay(2, 0.5));
  EXPECT_EQ(warm(0), 0);
  EXPECT_EQ(warm(1), 0.25);
  EXPECT_EQ(warm(4), 1);
  EXPECT_EQ(warm(6), 0.5);
  const auto cycle = optim::one_cycle(100);
  EXPECT_NEAR(cycle(0), 1 / 25.0, 1e-15);
  EXPECT_EQ(cycle(29), 1);
  EXPECT_NEAR(cycle(99), 4e-6, 1e-15);
  EXPECT_EQ(cycle(500), cycle(99));
  EXPECT_EQ(warm.describe(), "warm_up(4, step_decay(2, 0.5), 0)");
}

TEST(Schedule, RefusesStepsThatMakeNone) {
  EXPECT_THAT(error_of([] { optim::cosine(0); }), HasSubstr("cosine: 0 steps"));
  EXPECT_THROW(optim::step_decay(-1), UsageError);
  EXPECT_THROW(optim::warm_up(0), UsageError);
  EXPECT_THROW(optim::one_cycle(3), UsageError);
}

TEST(Schedule, EqualsPyTorchs) {
  using namespace optim;
  const std::pair<const char*, Schedule> schedules[] = {
      {"polynomial", polynomial(80, 2.5)},
      {"polynomial_linear", polynomial(80)},
      {"exponential", exponential(0.93)},
      {"multi_step", multi_step({20, 21, 50}, 0.3)},
      {"linear", linear(60, 0.2, 0.7)},
      {"cosine_restarts", cosine_restarts(30)},
      {"cosine_restarts_longer", cosine_restarts(7, 2, 0.1)},
      {"chained", chained({warm_up(10, constant(), 0.1), exponential(0.97)})},
      {"sequential", sequential({linear(5, 0.1), exponential(0.9), step_decay(7, 0.5)}, {5, 30})},
  };
  for (const auto& [name, schedule] : schedules) {
    const auto want = GoldenNet::golden()(std::string("schedules/") + name).to_vector<double>();
    for (size_t step = 0; step < want.size(); ++step)
      EXPECT_NEAR(schedule(static_cast<int64_t>(step)), want[step], 1e-12) << name << " at " << step;
  }
}

TEST(Schedule, SaysWhatItIs) {
  using namespace optim;
  EXPECT_EQ(multi_step({2, 5}, 0.5).describe(), "multi_step([2, 5], 0.5)");
  EXPECT_EQ(sequential({exponential(0.5), polynomial(3)}, {4}).describe(),
            "sequential(exponential(0.5), polynomial(3, 1, 0); 4)");
  EXPECT_EQ(chained({linear(4, 0), cosine_restarts(3, 2)}).describe(),
            "chained(linear(4, 0, 1), cosine_restarts(3, 2, 0))");
  const Schedule root([](int64_t step) { return 1 / (1.0 + static_cast<double>(step)); }, "inverse");
  EXPECT_EQ(chained({root, root}).describe(), "chained(inverse, inverse)");
  EXPECT_EQ(chained({root, root})(3), 1 / 16.0);
}

TEST(Schedule, OfRestartsThatAreEverLongerHasALastOne) {
  const optim::Schedule schedule = optim::cosine_restarts(4, int64_t{1} << 62, 0.5);
  EXPECT_EQ(schedule(0), 1);
  EXPECT_EQ(schedule(4), 1);
  EXPECT_EQ(schedule(5), 1);
  EXPECT_GE(schedule(std::numeric_limits<int64_t>::max()), 0.5);
}

TEST(Schedule, RefusesPartsThatDoNotFit) {
  using namespace optim;
  EXPECT_THAT(error_of([] { multi_step({5, 2}); }), HasSubstr("multi_step: milestones [5, 2]"));
  EXPECT_THROW(multi_step({}), UsageError);
  EXPECT_THROW(multi_step({-1}), UsageError);
  EXPECT_THROW(polynomial(0), UsageError);
  EXPECT_THROW(polynomial(4, 0), UsageError);
  EXPECT_THROW(linear(0, 1), UsageError);
  EXPECT_THROW(cosine_restarts(0), UsageError);
  EXPECT_THROW(cosine_restarts(3, 0), UsageError);
  EXPECT_THROW(chained({}), UsageError);
  EXPECT_THAT(error_of([] { sequential({constant()}, {3}); }), HasSubstr("sequential: 1 milestones between 1"));
  EXPECT_THROW(sequential({constant(), constant(), constant()}, {3, 2}), UsageError);
}

struct Pair : Stateful {
  Parameter a{Tensor::from<float>({3, 0})}, b{Tensor::from<float>({0, 4})};
  void members(Visitor& v) override { v("a", a)("b", b); }
};

// The gradient of half the squared norm is the parameters themselves.
Gradients own_values(Pair& net) { return backward(0.5 * (sum(square(net.a)) + sum(square(net.b)))); }

TEST(ClipNorm, ScalesToTheNormAndReturnsTheOldOne) {
  Pair net;
  Gradients g = own_values(net);
  EXPECT_EQ(optim::clip_norm(g, net, 1).item<float>(), 5);
  EXPECT_THAT(g[net.a].to_vector<float>(), testing::ElementsAre(testing::FloatNear(0.6f, 1e-6f), 0));
  EXPECT_THAT(g[net.b].to_vector<float>(), testing::ElementsAre(0, testing::FloatNear(0.8f, 1e-6f)));
}

TEST(ClipNorm, LeavesSmallGradientsAsTheyAre) {
  Pair net;
  Gradients g = own_values(net);
  EXPECT_EQ(optim::clip_norm(g, net, 10).item<float>(), 5);
  EXPECT_EQ(g[net.a].to_vector<float>(), std::vector<float>({3, 0}));
}

TEST(ClipNorm, AddsInWalkOrder) {
  // 2^24 swallows each 1 after it, but not the 2 that two of them make before it: the order shows.
  struct Net : Stateful {
    Parameter one{full({1}, 1)}, too{full({1}, 1)}, big{full({1}, 4096)};
    bool big_first = false;
    void members(Visitor& v) override {
      if (big_first) v("big", big);
      v("one", one)("too", too);
      if (!big_first) v("big", big);
    }
  } net;
  const auto norm = [&] {
    Gradients g = backward(0.5 * (square(net.big) + square(net.one) + square(net.too)).reshape({}));
    return optim::clip_norm(g, net, 1e9).item<float>();
  };
  EXPECT_EQ(norm(), std::sqrt(16777218.0f));
  net.big_first = true;
  EXPECT_EQ(norm(), std::sqrt(16777216.0f));
}

TEST(ClipNorm, IsOfTheNetAlone) {
  Pair net, other;
  Gradients g = backward(sum(net.a) + sum(other.a) * 100);
  EXPECT_EQ(optim::clip_norm(g, net, 1).item<float>(), std::sqrt(2.0f));
  EXPECT_EQ(g[other.a].to_vector<float>(), std::vector<float>(2, 100));
  Gradients none = backward(sum(other.a));
  EXPECT_THAT(error_of([&] { optim::clip_norm(none, net, 1); }), HasSubstr("no gradient"));
  EXPECT_THROW(optim::clip_norm(g, net, 0), UsageError);
}

// The gradients of a network of one parameter, which are given.
template <class T> std::pair<Tensor, std::vector<T>> clipped(const std::vector<T>& g, double max_norm) {
  struct Net : Stateful {
    Parameter p;
    explicit Net(const Tensor& initial) : p(initial) {}
    void members(Visitor& v) override { v("p", p); }
  } net(zeros({static_cast<int64_t>(g.size())}, dtype_of<T>));
  Gradients gradients = backward(sum(net.p * Tensor::from(g)));
  const Tensor norm = optim::clip_norm(gradients, net, max_norm);
  return {norm, gradients[net.p].template to_vector<T>()};
}

TEST(ClipNorm, OfGradientsWhoseSquaresOverflowIsMax) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  for (float size : {1e19f, 1e20f, 1e30f, 3e38f}) {
    for (size_t count : {1u, 2u, 3u, 100u, 5000u}) {
      for (float max : {1.0f, 1e-6f, 1e10f}) {
        SCOPED_TRACE(std::to_string(size) + " " + std::to_string(count) + " " + std::to_string(max));
        const auto [norm, g] = clipped(std::vector<float>(count, size), max);
        const double root = std::sqrt(static_cast<double>(count));
        const float want = size * root > 3.4e38 ? kInf : static_cast<float>(size * root);
        EXPECT_TRUE(norm.item<float>() == want || std::fabs(norm.item<float>() / want - 1) < 1e-6);
        for (float v : g) EXPECT_NEAR(v, max / root, 1e-6 * max / root);
      }
    }
  }
  const auto [norm, g] = clipped<double>({1e200, -1e300, 0}, 1);
  EXPECT_NEAR(norm.item<double>() / 1e300, 1, 1e-15);
  EXPECT_NEAR(g[0], 1e-100, 1e-114);
  EXPECT_NEAR(g[1], -1, 1e-15);
  EXPECT_EQ(g[2], 0);
}

TEST(ClipNorm, OfLargeGradientsBelowMaxChangesNothing) {
  const std::vector<float> g = {1e20f, -1e-3f, 3};
  EXPECT_EQ(clipped(g, 1e21).second, g);
  EXPECT_EQ(clipped(g, 3e38).second, g);
}

TEST(ClipNorm, OfAnInfiniteOrNanGradientIsNotFinite) {
  for (float special : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
    const auto [norm, g] = clipped<float>({1, special}, 1);
    EXPECT_FALSE(std::isfinite(norm.item<float>()));
    EXPECT_TRUE(std::isnan(g[1]));
  }
}

TEST(ClipValue, ClampsEachElement) {
  Pair net;
  Gradients g = own_values(net);
  optim::clip_value(g, net, 3.5);
  EXPECT_EQ(g[net.a].to_vector<float>(), std::vector<float>({3, 0}));
  EXPECT_EQ(g[net.b].to_vector<float>(), std::vector<float>({0, 3.5}));
  EXPECT_THROW(optim::clip_value(g, net, -1), UsageError);
}

struct WithBuffer : Stateful {
  Parameter weight{full({2}, 1)}, tied{full({2}, 1)};
  Buffer mean{full({2}, 1)};
  WithBuffer() { tie(weight, tied); }
  void members(Visitor& v) override { v("weight", weight)("tied", tied)("mean", mean); }
};

TEST(Ema, MovesTowardsTheNet) {
  WithBuffer net;
  optim::Ema average(net, 0.75);
  net.weight.set(full({2}, 5));
  net.mean.set(full({2}, 7));
  average.update(net);
  EXPECT_EQ(average.net().weight.value().to_vector<float>(), std::vector<float>(2, 2));
  EXPECT_EQ(average.net().tied.value().to_vector<float>(), std::vector<float>(2, 2));
  EXPECT_EQ(average.net().mean.value().to_vector<float>(), std::vector<float>(2, 7));
  average.update(net);
  EXPECT_EQ(average.net().weight.value().to_vector<float>(), std::vector<float>(2, 2.75))
      << "once, though it has two names";
  EXPECT_EQ(average.net().weight.shared_state(), average.net().tied.shared_state());
  EXPECT_EQ(net.weight.value().to_vector<float>(), std::vector<float>(2, 5));
}

TEST(Ema, HasCellsOfItsOwnUnderTheNetsNames) {
  GoldenNet net(DType::float32);
  optim::Ema average(net, 0.9);
  const auto mine = parameters(average), nets = parameters(net);
  ASSERT_EQ(mine.size(), nets.size());
  for (size_t i = 0; i < mine.size(); ++i) {
    EXPECT_EQ(mine[i].name, "net/" + nets[i].name);
    EXPECT_NE(mine[i].cell, nets[i].cell);
  }
}

TEST(Ema, OfANetThatDropsIsThereToEvaluate) {
  struct Net : nn::Module {
    nn::Linear in{3, 3, Rng(1, "in")};
    nn::Dropout drop{0.5, Rng(1, "drop")};
    void members(Visitor& v) override { v("in", in)("drop", drop); }
    Tensor operator()(const Tensor& x) { return drop(in(x)); }
  } net;
  optim::Ema average(net, 0.5);
  average.update(net);
  const Tensor x = ones({1, 3});
  net(x);  // the copy's stream must not stand in the way of the net's own
  const Evaluation evaluation;
  EXPECT_EQ(average.net()(x).to_vector<float>(), net(x).to_vector<float>());
}

TEST(Ema, RefusesANetThatItIsNoCopyOf) {
  WithBuffer a;
  Pair b;
  EXPECT_THAT(error_of([&] { optim::move_average(a, b, 0.9); }), HasSubstr("tied"));
  EXPECT_THAT(error_of([&] { optim::move_average(a, a, 1); }), HasSubstr("decay 1"));
}

TEST(Ema, ARefusedNetMovesNothing) {
  struct Two : Stateful {
    Parameter a, b;
    Two(double value, DType of_b) : a(full({2}, value)), b(full({2}, value, of_b)) {}
    void members(Visitor& v) override { v("a", a)("b", b); }
  };
  Two average(1, DType::float32), net(3, DType::float64);
  EXPECT_THAT(error_of([&] { optim::move_average(average, net, 0.5); }), HasSubstr("average: b is not in the network"));
  EXPECT_THAT(flat(average), testing::ElementsAre(1, 1, 1, 1));
}

}  // namespace
}  // namespace stet
