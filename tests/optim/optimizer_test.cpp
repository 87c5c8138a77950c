// What all optimizers share: whose gradients they take, groups, state, learning rates.
#include "stet/optim/optimizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "error_of.h"
#include "net.h"
#include "snapshot.h"
#include "stet/nn/linear.h"
#include "stet/optim/adafactor.h"
#include "stet/optim/adagrad.h"
#include "stet/optim/adam.h"
#include "stet/optim/lion.h"
#include "stet/optim/muon.h"
#include "stet/optim/nadam.h"
#include "stet/optim/rmsprop.h"
#include "stet/optim/sgd.h"
#include "stet/tensor/storage.h"

namespace stet {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

const Rng rng(1, "net");

TEST(Optimizer, AForgottenMemberIsNamedByItsOrigin) {
  struct Net : Stateful {
    nn::Linear in{4, 3, rng / "in"}, out{3, 2, rng / "out"};
    void members(Visitor& v) override { v("in", in); }
  } net;
  optim::AdamW opt(net);
  const auto before = flat(net);
  EXPECT_THAT(error_of([&] {
                opt.step(backward(sum(net.out(net.in(ones({1, 4}))))));
              }),
              AllOf(HasSubstr("drawn from net/out/"), HasSubstr("members()"), HasSubstr("backward(loss, net)")));
  EXPECT_EQ(flat(net), before);
  EXPECT_EQ(opt.steps(), 0);
  opt.step(backward(sum(net.out(net.in(ones({1, 4})))), net));
  EXPECT_NE(flat(net), before);
}

struct One : Stateful {
  Parameter w{Tensor::from<float>({1, -2, 3})};
  void members(Visitor& v) override { v("w", w); }
};

std::map<std::string, std::vector<float>> values_of(const Snapshot& state) {
  std::map<std::string, std::vector<float>> values;
  for (const auto& [name, value] : state.tensors) values[name] = value.to_vector<float>();
  return values;
}

template <class O> void expect_refusal() {
  One net;
  O opt(net);
  opt.step(backward(sum(net.w * net.w)));
  const Snapshot before(opt);
  const auto values = flat(net);
  for (const Tensor& odd : {ones({2, 3}), ones({1}), ones({3}, DType::float64)}) {
    Gradients g = backward(sum(net.w * net.w));
    g.entries()[0].value = odd;
    EXPECT_THAT(error_of([&] { opt.step(g); }), AllOf(HasSubstr(opt.describe() + ": the gradient of w is "),
                                                      HasSubstr("and the parameter float32 [3] on cpu")));
    EXPECT_EQ(flat(net), values);
    EXPECT_EQ(opt.steps(), 1);
    const Snapshot after(opt);
    EXPECT_EQ(after.integers, before.integers);
    EXPECT_EQ(values_of(after), values_of(before));
  }
}

TEST(Optimizer, RefusesAGradientThatIsNotItsParameters) {
  expect_refusal<optim::SGD>();
  expect_refusal<optim::Adam>();
  expect_refusal<optim::AdamW>();
  expect_refusal<optim::RMSprop>();
  expect_refusal<optim::Adagrad>();
  expect_refusal<optim::Adadelta>();
  expect_refusal<optim::NAdam>();
  expect_refusal<optim::Lion>();
  expect_refusal<optim::Adafactor>();
  expect_refusal<optim::Muon>();
}

TEST(Optimizer, AFailedUpdateIsNoStep) {
  struct Failing : optim::Optimizer {
    explicit Failing(Stateful& net)
        : Optimizer("Failing", net, 1, 0, optim::constant(), {}, std::vector<std::string>{}) {}
    std::string describe() const override { return "Failing"; }
    void update(std::span<const Change>) override { raise("no room"); }
    void hyperparameters(Visitor&) override {}
  };
  One net;
  Failing opt(net);
  EXPECT_THROW(opt.step(backward(sum(net.w * net.w))), UsageError);
  EXPECT_EQ(opt.steps(), 0);
  EXPECT_EQ(Snapshot(opt).integers.at("state/w/steps"), 0);
}

TEST(Optimizer, OneOfTwoPartsIsLeftAlone) {
  struct Gan : Stateful {
    nn::Linear generator{2, 3, rng / "g"}, discriminator{3, 1, rng / "d"};
    void members(Visitor& v) override { v("generator", generator)("discriminator", discriminator); }
  } gan;
  optim::Adam for_discriminator(gan.discriminator), for_generator(gan.generator);
  const auto score = [&] { return mean(gan.discriminator(tanh(gan.generator(ones({4, 2}))))); };
  const auto g = flat(gan.generator), d = flat(gan.discriminator);
  for_discriminator.step(backward(score(), gan.discriminator));
  EXPECT_EQ(flat(gan.generator), g);
  EXPECT_NE(flat(gan.discriminator), d);
  const auto trained = flat(gan.discriminator);
  for_generator.step(backward(-score(), gan.generator));
  EXPECT_NE(flat(gan.generator), g);
  EXPECT_EQ(flat(gan.discriminator), trained);
}

TEST(Optimizer, AParameterWithoutGradientKeepsValueAndState) {
  GoldenNet net(DType::float32);
  optim::AdamW opt(net, {.weight_decay = 0.5});
  opt.step(backward(net.loss(0)));
  const Snapshot parameters(net), state(opt);
  opt.step(backward(net.loss(1), net.in));
  const Snapshot parameters_after(net), state_after(opt);
  const auto same = [](const Snapshot& a, const Snapshot& b, const char* path) {
    return a.tensors.at(path).to_vector<float>() == b.tensors.at(path).to_vector<float>();
  };
  EXPECT_TRUE(same(parameters, parameters_after, "out/weight"));
  EXPECT_TRUE(same(state, state_after, "state/out/weight/mean"));
  EXPECT_EQ(state_after.integers.at("state/out/weight/steps"), 1);
  EXPECT_FALSE(same(parameters, parameters_after, "in/weight"));
  EXPECT_EQ(state_after.integers.at("state/in/weight/steps"), 2);
}

TEST(Optimizer, TrainsItsNetAndNoCopyOfIt) {
  GoldenNet net(DType::float32);
  optim::SGD opt(net);
  GoldenNet copy = net;
  const auto before = flat(copy);
  opt.step(backward(net.loss(0)));
  EXPECT_EQ(flat(copy), before);
  EXPECT_NE(flat(net), before);
  EXPECT_THAT(error_of([&] { opt.step(backward(copy.loss(0))); }), HasSubstr("net/"));
}

TEST(Optimizer, SurvivesAVectorThatGrows) {
  struct Ensemble : Stateful {
    std::vector<GoldenNet> nets;
    void members(Visitor& v) override { v("nets", nets); }
  } all;
  all.nets.emplace_back(DType::float32);
  optim::SGD opt(all.nets[0]);
  for (int i = 0; i < 8; ++i) all.nets.emplace_back(DType::float32);
  const auto before = flat(all.nets[0]);
  opt.step(backward(all.nets[0].loss(0)));
  EXPECT_NE(flat(all.nets[0]), before);
}

TEST(Optimizer, AValueThatSomeoneHoldsDoesNotChange) {
  GoldenNet net(DType::float32);
  optim::SGD opt(net);
  const Tensor held = net.in.weight.value();
  const auto before = held.to_vector<float>();
  opt.step(backward(net.loss(0)));
  EXPECT_EQ(held.to_vector<float>(), before);
  EXPECT_NE(net.in.weight.value().to_vector<float>(), before);
}

TEST(Optimizer, TiedParametersMoveOnceByTheSumOfTheirGradients) {
  struct Net : Stateful {
    Parameter a{full({2}, 1)}, b{full({2}, 5)};
    Net() { tie(a, b); }
    void members(Visitor& v) override { v("a", a)("b", b); }
  } net;
  optim::SGD opt(net, {.lr = 1});
  opt.step(backward(sum(net.a * 2 + net.b * 3)));
  EXPECT_THAT(net.b.value().to_vector<float>(), ElementsAre(-4, -4));
  EXPECT_EQ(net.a.shared_state(), net.b.shared_state());
}

TEST(Optimizer, GradientsOfWatchedValuesArePassedOver) {
  GoldenNet net(DType::float32);
  optim::SGD opt(net);
  const Tensor x = watch(ones({2, 4}));
  opt.step(backward(sum(net.in(x))));
  EXPECT_EQ(opt.steps(), 1);
}

TEST(Optimizer, StateIsWalkedUnderTheParametersNames) {
  GoldenNet net(DType::float64);
  optim::AdamW opt(net);
  const Snapshot s(opt);
  std::set<std::string> tensors;
  for (const auto& [path, t] : s.tensors) tensors.insert(path);
  EXPECT_THAT(tensors, ElementsAre("state/in/bias/mean", "state/in/bias/square", "state/in/weight/mean",
                                   "state/in/weight/square", "state/out/bias/mean", "state/out/bias/square",
                                   "state/out/weight/mean", "state/out/weight/square"));
  EXPECT_EQ(s.tensors.at("state/in/weight/mean").shape(), Shape({8, 4}));
  EXPECT_EQ(s.tensors.at("state/in/weight/mean").dtype(), DType::float64);
  EXPECT_EQ(s.integers.at("steps"), 0);
  optim::SGD plain(net);
  EXPECT_TRUE(Snapshot(plain).tensors.empty());
}

TEST(Optimizer, HyperparametersAreReported) {
  GoldenNet net(DType::float32);
  optim::AdamW opt(net, {.lr = 0.5, .schedule = optim::cosine(10)}, {{"*/bias", {.weight_decay = 0}}});
  const auto h = Snapshot(opt).hypers;
  EXPECT_EQ(h.at("lr"), "0.5");
  EXPECT_EQ(h.at("beta2"), "0.999");
  EXPECT_EQ(h.at("weight_decay"), "0.01");
  EXPECT_EQ(h.at("schedule"), "cosine(10, 0)");
  EXPECT_EQ(h.at("groups/0/pattern"), "*/bias");
  EXPECT_EQ(h.at("groups/0/weight_decay"), "0");
  EXPECT_FALSE(h.contains("groups/0/lr"));
  optim::SGD sgd(net, {.momentum = 0.9, .nesterov = true});
  EXPECT_EQ(Snapshot(sgd).hypers.at("nesterov"), "true");
}

TEST(Optimizer, GoesOnFromItsStateInTheSameBits) {
  const auto schedule = optim::warm_up(5, optim::cosine(30));
  expect_resumes(
      [&](Stateful& net) { return optim::SGD(net, {.momentum = 0.9, .dampening = 0.2, .schedule = schedule}); });
  expect_resumes([&](Stateful& net) { return optim::Adam(net, {.schedule = schedule}); });
  expect_resumes([&](Stateful& net) { return optim::AdamW(net, {.schedule = schedule}, {{"out/*", {.lr = 0.1}}}); });
}

TEST(Optimizer, ASteadyStepAsksTheSystemForNoMemory) {
  GoldenNet net(DType::float32);
  optim::AdamW opt(net);
  const auto train = [&](int steps) {
    for (int t = 0; t < steps; ++t) opt.step(backward(net.loss(t)));
  };
  train(4);
  const int64_t before = memory_stats().system_allocations;
  train(20);
  EXPECT_EQ(memory_stats().system_allocations, before);
}

TEST(Optimizer, PatternsMatchNames) {
  using optim::matches;
  EXPECT_TRUE(matches("*/bias", "in/bias"));
  EXPECT_TRUE(matches("*/bias", "deep/er/bias"));
  EXPECT_FALSE(matches("*/bias", "bias"));
  EXPECT_FALSE(matches("*/bias", "in/bias/more"));
  EXPECT_TRUE(matches("*bias", "bias"));
  EXPECT_TRUE(matches("blocks/?/*", "blocks/3/norm/weight"));
  EXPECT_FALSE(matches("blocks/?/*", "blocks/13/norm/weight"));
  EXPECT_TRUE(matches("*a*ab*", "xxaabb"));
  EXPECT_FALSE(matches("*a*ab", "xxaabb"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_FALSE(matches("", "a"));
}

TEST(Optimizer, TheFirstGroupThatMatchesHolds) {
  struct Net : Stateful {
    Parameter a{full({1}, 1)}, b{full({1}, 1)}, c{full({1}, 1)};
    void members(Visitor& v) override { v("a", a)("b", b)("c", c); }
  } net;
  optim::SGD opt(net, {.lr = 1}, {{"a", {.lr = 0.5}}, {"?", {.weight_decay = 1}}, {"b", {.lr = 0}}});
  const auto step = [&] { opt.step(backward(sum(net.a + net.b + net.c))); };
  step();
  EXPECT_EQ(net.a.value().item<float>(), 0.5);  // its own rate, no decay
  EXPECT_EQ(net.b.value().item<float>(), -1);   // decay from the second group, the third one unused
  opt.set_learning_rate(0.5);                   // halves the group's rate as well
  step();
  EXPECT_EQ(net.a.value().item<float>(), 0.25);
  EXPECT_THAT(error_of([&] { optim::SGD(net, {}, {{"*/bais", {.lr = 1}}}); }), HasSubstr("'*/bais'"));
}

TEST(Optimizer, TheRateFollowsScheduleAndSetting) {
  GoldenNet net(DType::float32);
  optim::SGD opt(net, {.lr = 1, .schedule = optim::step_decay(2, 0.5)});
  std::vector<double> rates;
  for (int t = 0; t < 5; ++t) {
    rates.push_back(opt.learning_rate());
    opt.step(backward(net.loss(t)));
  }
  EXPECT_THAT(rates, ElementsAre(1, 1, 0.5, 0.5, 0.25));
  opt.set_learning_rate(8);
  EXPECT_EQ(opt.learning_rate(), 2);
}

TEST(Optimizer, RefusesAFactorOfItsScheduleThatIsNone) {
  for (const double factor : {-1.0, std::numeric_limits<double>::infinity(), std::nan("")}) {
    GoldenNet net(DType::float32);
    optim::SGD sgd(net, {.lr = 0.5, .schedule = optim::Schedule([=](int64_t) { return factor; }, "strange")});
    const auto before = flat(net);
    EXPECT_THAT(error_of([&] { sgd.step(backward(net.loss(0))); }), HasSubstr("SGD: the schedule strange gives"));
    EXPECT_EQ(flat(net), before);
  }
}

TEST(Optimizer, RefusesSettingsOutOfRange) {
  GoldenNet net(DType::float32);
  EXPECT_THAT(error_of([&] { optim::SGD(net, {.lr = -1}); }), HasSubstr("SGD: lr = -1"));
  EXPECT_THROW(optim::SGD(net, {.lr = std::nan("")}), UsageError);
  EXPECT_THROW(optim::SGD(net, {.momentum = 1}), UsageError);
  EXPECT_THROW(optim::SGD(net, {.nesterov = true}), UsageError);
  EXPECT_THROW(optim::SGD(net, {.weight_decay = -1}), UsageError);
  EXPECT_THROW(optim::Adam(net, {.beta1 = 1}), UsageError);
  EXPECT_THROW(optim::Adam(net, {.epsilon = 0}), UsageError);
  EXPECT_THAT(error_of([&] { optim::Adam(net, {.epsilon = 1e-46}); }),
              HasSubstr("Adam: epsilon = 1e-46 is not positive as a float32"));
  GoldenNet wide(DType::float64);
  EXPECT_NO_THROW(optim::Adam(wide, {.epsilon = 1e-46}));
  EXPECT_THROW(optim::AdamW(net, {}, {{"*", {.lr = -1}}}), UsageError);
  struct Empty : Stateful {
    void members(Visitor&) override {}
  } empty;
  EXPECT_THAT(error_of([&] { optim::SGD{empty}; }), HasSubstr("no parameters"));
}

}  // namespace
}  // namespace stet
