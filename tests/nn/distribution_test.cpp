// Distributions: against PyTorch's values and gradients, and samples against their moments.
#include "stet/nn/distribution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "error_of.h"
#include "golden.h"
#include "gradient_check.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using nn::Bernoulli;
using nn::Categorical;
using nn::Normal;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::Lt;

constexpr float kInf = std::numeric_limits<float>::infinity();

const Golden& golden() {
  static const Golden file("distributions.h5");
  return file;
}

void expect_near(const Tensor& got, const Tensor& want, const std::string& what) {
  ASSERT_EQ(got.shape(), want.shape()) << what;
  const auto a = got.to_vector<double>(), b = want.to_vector<double>();
  double largest = 1;
  for (const double x : b) largest = std::max(largest, std::abs(x));
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-12 * largest) << what << " " << i;
}

struct Case {
  std::string name, parameter;
  std::function<Tensor(const Tensor& x)> value;
};

template <class Kind> void add(std::vector<Case>& cases, const std::string& kind, const Tensor& at) {
  for (const std::string parameter : {"logits", "probs"}) {
    const auto make = [parameter](const Tensor& x) {
      return parameter == "logits" ? Kind({.logits = x}) : Kind({.probs = x});
    };
    const Tensor other = golden()(parameter + "_2");
    const std::string name = kind + "_" + parameter + "_";
    cases.push_back({name + "log_prob", parameter, [=](auto& x) { return make(x).log_prob(at); }});
    cases.push_back({name + "entropy", parameter, [=](auto& x) { return make(x).entropy(); }});
    cases.push_back({name + "kl", parameter, [=](auto& x) { return nn::kl(make(x), make(other)); }});
    cases.push_back({name + "kl_from", parameter, [=](auto& x) { return nn::kl(make(other), make(x)); }});
  }
}

std::vector<Case> cases() {
  const Tensor m = golden()("mean"), s = golden()("deviation"), x = golden()("x");
  const Normal other(golden()("mean_2"), golden()("deviation_2"));
  std::vector<Case> all = {
      {"normal_log_prob", "mean", [=](auto& mean) { return Normal(mean, s).log_prob(x); }},
      {"normal_log_prob_deviation", "deviation", [=](auto& d) { return Normal(m, d).log_prob(x); }},
      {"normal_entropy", "deviation", [=](auto& d) { return Normal(m, d).entropy(); }},
      {"normal_kl", "deviation", [=](auto& d) { return nn::kl(Normal(m, d), other); }},
  };
  add<Categorical>(all, "categorical", golden()("classes").to(DType::int64));
  add<Bernoulli>(all, "bernoulli", golden()("bits"));
  return all;
}

TEST(Distributions, EqualPyTorchsValuesAndGradients) {
  for (const Case& c : cases()) {
    const Tensor x = watch(golden()(c.parameter));
    const Tensor value = c.value(x);
    expect_near(value, golden()(c.name + "/value"), c.name);
    expect_near(backward(sum(value))[x], golden()(c.name + "/gradient"), c.name + "'s gradient");
    EXPECT_TRUE(check_second_gradients([&](auto& in) { return square(c.value(in[0])); }, {golden()(c.parameter)},
                                       {.tolerance = 1e-5}))
        << c.name;
  }
}

double mean_of(const Tensor& x) { return mean(x.to(DType::float64)).item<double>(); }

TEST(Normal, DrawsWithItsMoments) {
  Stream stream(Rng(3) / "normal");
  const Normal normal(Tensor::from<float>({-1, 4}), Tensor::from<float>({2, 0.5f}));
  const Tensor x = normal.sample(stream, {20000});
  EXPECT_EQ(x.shape(), Shape({20000, 2}));
  const double deviations[] = {2, 0.5}, means[] = {-1, 4};
  for (int64_t i : {0, 1}) {
    const Tensor column = x.slice(1, i, i + 1);
    EXPECT_NEAR(mean_of(column), means[i], 0.05);
    EXPECT_NEAR(std::sqrt(mean_of(square(column - means[i]))), deviations[i], 0.05);
  }
}

TEST(Normal, HasGradientsOnlyWhereToldTo) {
  Stream stream(Rng(3) / "gradient");
  const Tensor m = watch(ones({3})), s = watch(full({3}, 2));
  EXPECT_FALSE(Normal(m, s).sample(stream).has_gradient());
  const Tensor x = Normal(m, s).sample_with_gradient(stream);
  const Gradients g = backward(sum(x));
  EXPECT_THAT(g[m].to_vector<float>(), ElementsAre(1, 1, 1));
  const auto z = g[s].to_vector<float>(), values = x.to_vector<float>();
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(values[i], 1 + 2 * z[i]);
}

TEST(Normal, OfNumbersIsTheStandardOne) {
  EXPECT_NEAR(Normal().log_prob(Tensor(0.0f)).item<float>(), -0.9189385, 1e-6);
  EXPECT_NEAR(nn::kl(Normal(1, 2), Normal()).item<float>(), 0.5 * (4 + 1 - 1 - std::log(4.0)), 1e-6);
}

TEST(Categorical, OfAMaskedClassStaysFinite) {
  const Tensor logits = watch(Tensor::from<float>({1, -kInf, 1}, {1, 3}));
  const Categorical masked({.logits = logits});
  EXPECT_NEAR(masked.entropy().item<float>(), std::log(2.0), 1e-6);
  const Tensor divergence = nn::kl(masked, Categorical({.logits = zeros({1, 3})}));
  EXPECT_NEAR(divergence.item<float>(), std::log(1.5), 1e-6);
  const Tensor loss = sum(masked.entropy()) + sum(divergence) - sum(masked.log_prob(Tensor::from<int64_t>({2})));
  for (const float g : backward(loss)[logits].to_vector<float>()) EXPECT_TRUE(std::isfinite(g));
  EXPECT_EQ(masked.mode().item<int64_t>(), 0);
  EXPECT_EQ(masked.log_prob(Tensor::from<int64_t>({1})).item<float>(), -kInf);
  EXPECT_EQ(nn::kl(Categorical({.logits = zeros({1, 3})}), masked).item<float>(), kInf);
}

TEST(Categorical, OfAnImpossibleClassHasGradientsInTheOthers) {
  const Tensor p = watch(Tensor::from<float>({0.5f, 0.5f, 0}, {1, 3}));
  const auto gradient_of = [&](const std::function<Tensor(const Categorical&)>& f) {
    return backward(sum(f(Categorical({.probs = p}))))[p].to_vector<float>();
  };
  EXPECT_THAT(gradient_of([](const Categorical& c) { return c.log_prob(Tensor::from<int64_t>({0})); }),
              ElementsAre(1, -1, -1));
  EXPECT_THAT(gradient_of([](const Categorical& c) { return c.entropy(); }), Each(AllOf(Ge(-1), Lt(1))));
  const Categorical other({.probs = Tensor::from<float>({0.5f, 0.5f, 0}, {1, 3})});
  EXPECT_THAT(gradient_of([&](const Categorical& c) { return nn::kl(c, other); }), Each(AllOf(Ge(-1), Lt(1))));
  EXPECT_EQ(Categorical({.probs = p}).log_prob(Tensor::from<int64_t>({2})).item<float>(), -kInf);
}

TEST(Distributions, RefuseWhatNoDistributionHas) {
  const Tensor negative = Tensor::from<float>({0.5f, -0.5f});
  EXPECT_THROW(Normal(zeros({2}), negative), UsageError);
  EXPECT_THROW(Categorical({.probs = negative}), UsageError);
  EXPECT_THROW(Bernoulli({.probs = negative}), UsageError);
  EXPECT_THROW(Bernoulli({.probs = Tensor::from<float>({1.5f})}), UsageError);
  EXPECT_NO_THROW(Bernoulli({.logits = negative}));
  EXPECT_NO_THROW(Bernoulli({.probs = Tensor::from<float>({0, 1})}));
}

TEST(Categorical, DrawsByItsProbabilities) {
  Stream stream(Rng(3) / "categorical");
  const Tensor probs = Tensor::from<float>({0.25f, 0, 0.75f, 1, 0, 0}, {2, 3});
  const Tensor x = Categorical({.probs = probs}).sample(stream, {100, 200});
  EXPECT_EQ(x.shape(), Shape({100, 200, 2}));
  EXPECT_EQ(x.dtype(), DType::int64);
  EXPECT_NEAR(mean_of(x({}, {}, 0) == 2), 0.75, 0.01);
  EXPECT_EQ(mean_of(x({}, {}, 0) == 1), 0);
  EXPECT_EQ(mean_of(x({}, {}, 1)), 0);
  EXPECT_EQ(Categorical({.logits = watch(zeros({2, 3}))}).sample(stream).shape(), Shape({2}));
  EXPECT_LT(Categorical({.logits = zeros({4})}).sample(stream).item<int64_t>(), 4);
}

TEST(Categorical, NormalisesProbabilities) {
  const Categorical c({.probs = Tensor::from<float>({2, 0, 6}, {1, 3})});
  EXPECT_THAT(c.probs().to_vector<float>(), ElementsAre(0.25f, 0, 0.75f));
  EXPECT_NEAR(c.entropy().item<float>(), -(0.25 * std::log(0.25) + 0.75 * std::log(0.75)), 1e-6);
}

TEST(Bernoulli, DrawsOnesAsOftenAsToldTo) {
  Stream stream(Rng(3) / "bernoulli");
  const Tensor x = Bernoulli({.probs = Tensor::from<float>({0, 0.3f, 1})}).sample(stream, {20000});
  EXPECT_EQ(x.dtype(), DType::float32);
  EXPECT_EQ(mean_of(x.slice(1, 0, 1)), 0);
  EXPECT_NEAR(mean_of(x.slice(1, 1, 2)), 0.3, 0.01);
  EXPECT_EQ(mean_of(x.slice(1, 2, 3)), 1);
}

TEST(Bernoulli, OfCertaintyIsFinite) {
  const Bernoulli sure({.probs = Tensor::from<float>({0, 1})});
  for (const float v : sure.entropy().to_vector<float>()) EXPECT_NEAR(v, 0, 1e-5);
  for (const float v : nn::kl(sure, Bernoulli({.logits = zeros({2})})).to_vector<float>())
    EXPECT_NEAR(v, std::log(2.0), 1e-5);
}

TEST(Distributions, NameThemselvesInErrors) {
  EXPECT_THAT(error_of([] { Categorical({}); }), HasSubstr("Categorical: give either"));
  EXPECT_THAT(error_of([] { Categorical({.logits = ones({})}); }), HasSubstr("Categorical: "));
  EXPECT_THAT(error_of([] { Bernoulli({.logits = ones({2}), .probs = ones({2})}); }),
              HasSubstr("Bernoulli: give either"));
  EXPECT_THAT(error_of([] { Bernoulli({.probs = ones({2}, DType::int64)}); }),
              HasSubstr("Bernoulli: parameters are int64"));
  EXPECT_THAT(error_of([] { Normal(ones({2}), ones({2}, DType::float64)); }), HasSubstr("Normal: "));
}

}  // namespace
}  // namespace stet
