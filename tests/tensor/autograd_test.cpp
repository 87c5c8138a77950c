#include "stet/tensor/autograd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_of.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/stateful.h"

namespace stet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Autograd, GradientsAreValues) {
  Parameter w(Tensor::from<float>({1, 2, 3}));
  const Tensor loss = sum(w * w);
  Gradients g = backward(loss);
  EXPECT_EQ(g[w].to_vector<float>(), (std::vector<float>{2, 4, 6}));
  Gradients twice = g;
  twice += g;
  twice *= 0.5;
  EXPECT_EQ(twice[w].to_vector<float>(), (std::vector<float>{2, 4, 6}));
  g += g;
  EXPECT_EQ(g[w].to_vector<float>(), (std::vector<float>{4, 8, 12}));
}

TEST(Autograd, GradientsOfGradients) {
  const Tensor x = watch(Tensor::from<double>({0.5, 2}));
  const Tensor dx = backward(sum(x * x * x), {.graph = true})[x];
  EXPECT_EQ(dx.to_vector<double>(), (std::vector<double>{0.75, 12}));
  EXPECT_EQ(backward(sum(dx))[x].to_vector<double>(), (std::vector<double>{3, 12}));
}

TEST(Autograd, MisuseSaysWhatToDo) {
  Parameter w(Tensor::from<float>({1, 2}));
  EXPECT_NE(error_of<Error>([&] { backward(w * 2); }).find("reduce it with mean() or sum()"), std::string::npos);
  const Tensor loss = sum(w * w);
  backward(loss);
  EXPECT_NE(error_of<Error>([&] { backward(loss); }).find("was freed by an earlier backward; pass {.keep = true}"),
            std::string::npos);
  const Tensor h = exp(w), first = sum(h), second = sum(h * h);
  backward(first);
  EXPECT_NE(error_of<Error>([&] { backward(second); }).find("'exp' was freed"), std::string::npos);
  EXPECT_NE(error_of<Error>([&] {
              NoGrad no_grad;
              backward(sum(w * w));
            }).find("computed under NoGrad"),
            std::string::npos);
  const Tensor kept = sum(w * w);
  backward(kept, {.keep = true});
  EXPECT_TRUE(backward(kept).contains(w));
}

struct Half : Stateful {
  Parameter p;
  explicit Half(float v) : p(Tensor(v)) {}
  void members(Visitor& v) override { v("p", p); }
};

TEST(Autograd, BackwardForOneModuleLeavesOthersAlone) {
  Half a(2), b(3);
  const Tensor loss = a.p * b.p;
  const Gradients g = backward(loss, a);
  EXPECT_TRUE(g.contains(a.p));
  EXPECT_FALSE(g.contains(b.p));
}

TEST(Autograd, SumsOfOneValuesGradientsStartWithTheLastUse) {
  // 1 + 2^24 swallows the 1, so the order of three contributions shows: last use first means (2^24 + 1) + 1 here.
  Parameter w(Tensor(1.0f));
  const Tensor v = w;
  const Tensor a = v * 1.0, b = v * 1.0, c = v * 16777216.0;
  EXPECT_EQ(backward(a + b + c)[w].item<float>(), 16777216.0f);
  const Tensor d = v * 16777216.0, e = v * 1.0, f = v * 1.0;
  EXPECT_EQ(backward(d + e + f)[w].item<float>(), 16777218.0f);
}

TEST(Autograd, CustomGradients) {
  Parameter w(Tensor(3.0f));
  const Tensor x = w;
  const Tensor y =
      function("straight_through", {x}, Tensor(5.0f), [](const Tensor& g) { return std::vector<Tensor>{g * 7}; });
  EXPECT_EQ(backward(y)[w].item<float>(), 7.0f);
}

TEST(Autograd, AFunctionRefusesGradientsThatAreNotItsInputs) {
  Parameter w(Tensor::from<float>({1, 2, 3}));
  const auto of = [&](const Tensor& gradient) {
    const Tensor y = function("odd", {w}, w.value().detach(), [=](const Tensor&) { return std::vector{gradient}; });
    return error_of<Error>([&] { backward(sum(y)); });
  };
  EXPECT_EQ(of(ones({})), "odd: vjp's gradient 0 is float32 [], its input float32 [3]");
  EXPECT_EQ(of(ones({1, 3})), "odd: vjp's gradient 0 is float32 [1, 3], its input float32 [3]");
  EXPECT_EQ(of(ones({3}, DType::float64)), "odd: vjp's gradient 0 is float64 [3], its input float32 [3]");
  EXPECT_EQ(of(ones({3})), "nothing was thrown");
}

TEST(Autograd, AnUndefinedParameterHasNoGradient) {
  Parameter w(Tensor(3.0f));
  const Parameter none;
  const Gradients g = backward(w * 2);
  EXPECT_FALSE(g.contains(none));
  EXPECT_FALSE(g[none].defined());
}

TEST(Autograd, AFunctionGivesFreshGradientsAfterOneThatWantedOnlySome) {
  Half a(2.0f), b(3.0f);
  const Tensor y = function("product", {a.p, b.p}, a.p.value() * b.p.value(), [&](const Tensor& g) {
    return std::vector<Tensor>{g * b.p.value(), g * a.p.value()};
  });
  EXPECT_EQ(backward(y * 1, a, {.keep = true})[a.p].item<float>(), 3.0f);
  const Gradients g = backward(y * 10);
  EXPECT_EQ(g[a.p].item<float>(), 30.0f);
  EXPECT_EQ(g[b.p].item<float>(), 20.0f);
}

TEST(Autograd, AWatchedResultIsReportedAndPassesItsGradientOn) {
  const Tensor x = watch(Tensor::from<float>({1, 2}));
  const Tensor h = watch(x * 3);
  const Gradients g = backward(sum(h * h), {.keep = true});
  EXPECT_THAT(g[h].to_vector<float>(), ElementsAre(6, 12));
  EXPECT_THAT(g[x].to_vector<float>(), ElementsAre(18, 36));
  const Tensor cut = watch((x * 3).detach());
  EXPECT_FALSE(backward(sum(cut * cut))[x].defined());
  const Tensor slope = backward(sum(h * h * h), {.graph = true})[h];
  EXPECT_THAT(backward(sum(slope))[x].to_vector<float>(), ElementsAre(54, 108));  // 6 h, three times
}

TEST(Autograd, WhatHasNoGradientCantBeWatched) {
  EXPECT_THAT(error_of<Error>([] { watch(Tensor::from<int64_t>({1})); }), HasSubstr("watch: int64 has no gradient"));
  EXPECT_THROW(watch(ones({1}, DType::boolean)), UsageError);
}

TEST(Autograd, LongTapesNeedNoDeepStack) {
  Parameter w(Tensor(1.0f));
  Tensor x = w;
  for (int i = 0; i < 300000; ++i) x = -x;
  { const Tensor dropped = x; }
  EXPECT_EQ(backward(x)[w].item<float>(), 1.0f);
  Tensor y = w;
  for (int i = 0; i < 300000; ++i) y = -y;
  y = Tensor();  // never walked
}

TEST(Cells, CopiesAreIndependentMovesKeepAndTiesShare) {
  Parameter a(Tensor(1.0f));
  Parameter copy = a;
  copy.set(Tensor(2.0f));
  EXPECT_EQ(a.value().item<float>(), 1.0f);
  const auto identity = a.shared_state();
  Parameter moved = std::move(a);
  EXPECT_EQ(moved.shared_state(), identity);
  tie(moved, copy);
  copy.set(Tensor(5.0f));
  EXPECT_EQ(moved.value().item<float>(), 5.0f);
  EXPECT_THROW(moved.set(zeros({2})), UsageError);
}

struct Names : Stateful {
  Parameter a{Tensor(1.0f)}, b{Tensor(2.0f)};
  std::vector<Half> list;
  std::string second = "b";
  int64_t count = 0;
  void members(Visitor& v) override { v("a", a)(second, b)("list", list)("count", count).hyper("rate", 0.5); }
};

TEST(Stateful, TheWalkNamesEveryMemberOnce) {
  Names n;
  n.list.emplace_back(1.0f);
  n.list.emplace_back(2.0f);
  std::vector<std::string> names;
  for (const auto& p : parameters(n)) names.push_back(p.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "list/0/p", "list/1/p"}));
  tie(n.a, n.b);
  EXPECT_EQ(parameters(n).size(), 3u);
  EXPECT_EQ(parameter_count(n), 3);
  n.second = "a";
  EXPECT_THROW(parameters(n), UsageError);
  n.second = "x/y";
  EXPECT_THROW(parameters(n), UsageError);
}

TEST(Stateful, CellsKeepTheirIdentityWhenAVectorGrows) {
  std::vector<Half> halves;
  halves.emplace_back(1.0f);
  const auto identity = halves[0].p.shared_state();
  for (int i = 0; i < 100; ++i) halves.emplace_back(0.0f);
  EXPECT_EQ(halves[0].p.shared_state(), identity);
}

}  // namespace
}  // namespace stet
