// Losses of one or several inputs, whose second gradients PyTorch has too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "error_of.h"
#include "golden.h"
#include "gradient_check.h"
#include "stet/nn/distance.h"
#include "stet/nn/loss.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using nn::Reduction;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr float kInf = std::numeric_limits<float>::infinity();

const Golden& golden() {
  static const Golden file("losses.h5");
  return file;
}

// Relative to the largest value: float64 on both sides.
void expect_near(const Tensor& got, const Tensor& want, const std::string& what) {
  ASSERT_EQ(got.shape(), want.shape()) << what;
  const auto a = got.to_vector<double>(), b = want.to_vector<double>();
  double largest = 1;
  for (const double x : b) largest = std::max(largest, std::abs(x));
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-12 * largest) << what << " " << i;
}

struct Case {
  std::string name;
  std::vector<std::string> inputs;
  std::function<Tensor(const std::vector<Tensor>& x, Reduction)> loss;
  int orders = 2;  // of gradients that differences tell: none where an input lies on a kink, one of a piecewise line
};

std::vector<Case> cases() {
  using In = const std::vector<Tensor>&;
  const Tensor target = golden()("target").to(DType::int64), ignoring = golden()("ignoring").to(DType::int64);
  const Tensor weights = golden()("class_weights"), p = golden()("probability"), counts = golden()("counts"),
               sign = golden()("sign"), signs = sign.to(DType::int64)[0];
  return {
      {"nll", {"logits"}, [=](In x, Reduction r) { return nn::nll(log_softmax(x[0]), target, {.reduction = r}); }},
      {"nll_all",
       {"logits"},
       [=](In x, Reduction r) {
         return nn::nll(log_softmax(x[0]), ignoring, {.class_weights = weights, .ignore_index = -100, .reduction = r});
       }},
      {"smooth_l1", {"a", "b"}, [](In x, Reduction r) { return nn::smooth_l1(x[0], x[1], 0.7, r); }, 0},
      {"cross_entropy_soft",
       {"logits", "soft"},
       [](In x, Reduction r) { return nn::cross_entropy(x[0], x[1], {.reduction = r}); }},
      {"cross_entropy_soft_all",
       {"logits", "soft"},
       [=](In x, Reduction r) {
         return nn::cross_entropy(x[0], x[1], {.label_smoothing = 0.2, .class_weights = weights, .reduction = r});
       }},
      {"bce_inner", {"inner"}, [=](In x, Reduction r) { return nn::bce(x[0], p, r); }},
      {"sigmoid_focal", {"a"}, [=](In x, Reduction r) { return nn::sigmoid_focal(x[0], p, {.reduction = r}); }},
      {"sigmoid_focal_options",
       {"a"},
       [=](In x, Reduction r) { return nn::sigmoid_focal(x[0], p, {.alpha = -1, .gamma = 1.5, .reduction = r}); }},
      {"kl_div", {"a", "positive"}, [](In x, Reduction r) { return nn::kl_div(x[0], x[1], {.reduction = r}); }},
      {"kl_div_zero", {"a"}, [=](In x, Reduction r) { return nn::kl_div(x[0], p, {.reduction = r}); }, 1},
      {"kl_div_log",
       {"a", "c"},
       [](In x, Reduction r) { return nn::kl_div(x[0], x[1], {.log_target = true, .reduction = r}); }},
      {"gaussian_nll",
       {"a", "b", "positive"},
       [](In x, Reduction r) { return nn::gaussian_nll(x[0], x[1], x[2], {.reduction = r}); }},
      {"gaussian_nll_full",
       {"a", "b", "variance"},
       [](In x, Reduction r) { return nn::gaussian_nll(x[0], x[1], x[2], {.full = true, .reduction = r}); },
       0},
      {"poisson_nll", {"a"}, [=](In x, Reduction r) { return nn::poisson_nll(x[0], counts, {.reduction = r}); }},
      {"poisson_nll_full",
       {"positive"},
       [=](In x, Reduction r) {
         return nn::poisson_nll(x[0], counts, {.log_input = false, .full = true, .reduction = r});
       }},
      {"margin_ranking",
       {"a", "b"},
       [=](In x, Reduction r) { return nn::margin_ranking(x[0], x[1], sign, 0.3, r); },
       0},
      {"hinge_embedding", {"a"}, [=](In x, Reduction r) { return nn::hinge_embedding(x[0], sign, 0.8, r); }, 1},
      {"soft_margin", {"a"}, [=](In x, Reduction r) { return nn::soft_margin(x[0], sign, r); }},
      {"cosine_embedding",
       {"a", "b"},
       [=](In x, Reduction r) { return nn::cosine_embedding(x[0], x[1], signs, -0.5, r); }},
      {"triplet_margin",
       {"a", "b", "c"},
       [](In x, Reduction r) { return nn::triplet_margin(x[0], x[1], x[2], {.reduction = r}); }},
      {"triplet_margin_options",
       {"a", "b", "c"},
       [](In x, Reduction r) {
         return nn::triplet_margin(x[0], x[1], x[2], {.margin = 2, .p = 3, .swap = true, .reduction = r});
       },
       0},
  };
}

const std::pair<Reduction, const char*> kReductions[] = {
    {Reduction::mean, "mean"}, {Reduction::sum, "sum"}, {Reduction::none, "none"}};

std::vector<Tensor> inputs_of(const Case& c) {
  std::vector<Tensor> inputs;
  for (const std::string& name : c.inputs) inputs.push_back(golden()(name));
  return inputs;
}

void expect_pytorchs(const std::string& group, const std::vector<Tensor>& inputs,
                     const std::function<Tensor(const std::vector<Tensor>&)>& loss) {
  std::vector<Tensor> x;
  for (const Tensor& input : inputs) x.push_back(watch(input));
  const Tensor value = loss(x);
  expect_near(value, golden()(group + "/value"), group);
  const Gradients gradients = backward(sum(value), {.graph = true});
  for (size_t i = 0; i < x.size(); ++i) {
    const std::string part = i == 0 ? "/gradient" : "/gradient_" + std::to_string(i);
    expect_near(gradients[x[i]], golden()(group + part), group + part);
  }
  const Tensor slope = gradients[x[0]];
  Tensor second = zeros(x[0].shape(), DType::float64);
  if (slope.has_gradient()) {
    if (const Tensor found = backward(sum(square(slope)))[x[0]]; found.defined()) second = found;
  }
  expect_near(second, golden()(group + "/second"), group + "'s second gradient");
}

TEST(Losses, EqualPyTorchsValuesAndBothGradients) {
  for (const Case& c : cases()) {
    for (const auto& [reduction, name] : kReductions) {
      expect_pytorchs(c.name + "_" + name, inputs_of(c),
                      [&, r = reduction](const std::vector<Tensor>& x) { return c.loss(x, r); });
    }
  }
}

TEST(Losses, BothGradientsByDifferences) {
  for (const Case& c : cases()) {
    const auto loss = [&](auto& x) { return c.loss(x, Reduction::mean); };
    if (c.orders > 0) { EXPECT_TRUE(check_gradients(loss, inputs_of(c), {.tolerance = 1e-6})) << c.name; }
    if (c.orders > 1) { EXPECT_TRUE(check_second_gradients(loss, inputs_of(c), {.tolerance = 1e-5})) << c.name; }
  }
}

TEST(Losses, DividedByTheBatchEqualPyTorchs) {
  const Tensor x = watch(golden()("a"));
  const Tensor loss = nn::kl_div(x, golden()("positive"), {.reduction = Reduction::batch_mean});
  expect_near(loss, golden()("kl_div_batch_mean/value"), "value");
  expect_near(backward(loss)[x], golden()("kl_div_batch_mean/gradient"), "gradient");
  EXPECT_THROW(nn::mse(ones({}), ones({}), Reduction::batch_mean), UsageError);
}

TEST(Distances, EqualPyTorchs) {
  const std::vector<Tensor> inputs = {golden()("a"), golden()("b")};
  expect_pytorchs("cosine_similarity", inputs, [](auto& x) { return nn::cosine_similarity(x[0], x[1], 0); });
  expect_pytorchs("pairwise_distance", inputs, [](auto& x) { return nn::pairwise_distance(x[0], x[1], {.p = 4}); });
  const Tensor one =
      nn::pairwise_distance(Tensor::from<float>({3, -1}), Tensor::from<float>({1, 1}), {.p = 1, .epsilon = 0});
  EXPECT_EQ(one.item<float>(), 4);
}

TEST(Distances, HaveFiniteGradientsAtZero) {
  const Tensor x = watch(zeros({2, 3}));
  const Tensor slope = backward(sum(nn::cosine_similarity(x, ones({2, 3}))))[x];
  EXPECT_TRUE(std::isfinite(slope.to_vector<float>()[0]));
  const Tensor distance = nn::pairwise_distance(x, zeros({2, 3}));
  for (const float g : backward(sum(distance))[x].to_vector<float>()) EXPECT_NEAR(g, std::sqrt(1 / 3.0), 1e-6);
  EXPECT_THROW(nn::cosine_similarity(x, x, -1, 0), UsageError);
  EXPECT_THROW(nn::pairwise_distance(x, x, {.p = 0.5}), UsageError);
}

TEST(Bce, OfProbabilitiesIsPyTorchsAtZeroAndOne) {
  for (const auto& [reduction, name] : kReductions) {
    const std::string group = std::string("bce_of_probabilities_") + name;
    const Tensor x = watch(golden()("given"));
    const Tensor loss = nn::bce(x, golden()("probability"), reduction);
    expect_near(loss, golden()(group + "/value"), group);
    expect_near(backward(sum(loss))[x], golden()(group + "/gradient"), group);
  }
}

TEST(Bce, IsBoundedAtTheEndsAndNaNBeyond) {
  const Tensor p = watch(Tensor::from<float>({0, 1, 0, 1, 0.25f, 1.5f})),
               t = Tensor::from<float>({0, 1, 1, 0, 0.25f, 1});
  const Tensor loss = nn::bce(p, t, Reduction::none);
  const auto values = loss.to_vector<float>();
  EXPECT_EQ(std::vector<float>(values.begin(), values.begin() + 4), std::vector<float>({0, 0, 100, 100}));
  EXPECT_NEAR(values[4], -(0.25 * std::log(0.25) + 0.75 * std::log(0.75)), 1e-7);
  EXPECT_TRUE(std::isnan(values[5]));
  const auto slopes = backward(sum(loss))[p].to_vector<float>();
  EXPECT_EQ(std::vector<float>(slopes.begin(), slopes.begin() + 5), std::vector<float>({0, 0, -1e12f, 1e12f, 0}));
}

TEST(Bce, OfATargetHasItsGradient) {
  const std::vector<Tensor> inputs = {golden()("inner"), golden()("inner") * 0.5};
  const auto loss = [](auto& x) { return nn::bce(x[0], x[1]); };
  EXPECT_TRUE(check_gradients(loss, inputs));
  EXPECT_TRUE(check_second_gradients(loss, inputs, {.tolerance = 1e-5}));
}

TEST(SigmoidFocal, KeepsItsDigitsWhereTheLogitsAreRight) {
  for (const float x : {5.0f, 15.0f, 30.0f}) {
    const double wrong = 1 / (1 + std::exp(double{x})), want = 0.25 * wrong * wrong * std::log1p(std::exp(-double{x}));
    const Tensor loss = nn::sigmoid_focal(full({1}, x), ones({1}));
    EXPECT_NEAR(loss.item<float>(), want, 1e-6 * want) << x;
  }
}

TEST(SmoothL1, OfBetaZeroIsL1) {
  const Tensor a = watch(golden()("a")), b = golden()("b");
  const Tensor got = nn::smooth_l1(a, b, 0), want = nn::l1(a, b);
  EXPECT_EQ(got.item<double>(), want.item<double>());
  EXPECT_EQ(backward(got)[a].to_vector<double>(), backward(want)[a].to_vector<double>());
}

TEST(SmoothL1, OfAnInfiniteDifferenceHasItsSlope) {
  const Tensor x = watch(Tensor::from<float>({kInf, -kInf, 3e38f, 1, -0.5f}));
  const Tensor loss = nn::smooth_l1(x, zeros({5}), 2, Reduction::none);
  EXPECT_THAT(loss.to_vector<float>(), ElementsAre(kInf, kInf, 3e38f, 0.25f, 0.0625f));
  EXPECT_THAT(backward(sum(loss))[x].to_vector<float>(), ElementsAre(1, -1, 1, 0.5f, -0.25f));
}

TEST(KlDiv, OfAnAbsentClassIsZeroWhateverItsLogarithm) {
  const Tensor x = watch(Tensor::from<float>({-kInf, 0})), t = Tensor::from<float>({0, 1});
  const Tensor loss = nn::kl_div(x, t, {.reduction = Reduction::none});
  EXPECT_THAT(loss.to_vector<float>(), ElementsAre(0, 0));
  EXPECT_THAT(backward(sum(loss))[x].to_vector<float>(), ElementsAre(0, -1));
}

// Of shapes that broadcast as of the shape that they broadcast to.
TEST(Distances, BroadcastTheirOperands) {
  const Tensor a = Tensor::from<double>({1, 2, 3, 4, 5, 6}, {2, 3});
  for (const Tensor& b : {Tensor::from<double>({1, 2}, {2, 1}), Tensor::from<double>({1, 0, -2}, {3})}) {
    const Tensor whole = broadcast_to(b, a.shape());
    for (const int axis : {0, 1, -1}) {
      EXPECT_EQ(nn::cosine_similarity(a, b, axis).to_vector<double>(),
                nn::cosine_similarity(a, whole, axis).to_vector<double>());
      EXPECT_EQ(nn::cosine_similarity(b, a, axis).to_vector<double>(),
                nn::cosine_similarity(whole, a, axis).to_vector<double>());
    }
    for (const double p : {1.0, 2.0, 3.0, double{kInf}}) {
      EXPECT_EQ(nn::pairwise_distance(a, b, {.p = p}).to_vector<double>(),
                nn::pairwise_distance(a, whole, {.p = p}).to_vector<double>());
    }
  }
  EXPECT_NEAR(nn::cosine_similarity(a, Tensor::from<double>({1, 2}, {2, 1}), 1)[0].item<double>(), 6 / std::sqrt(42),
              1e-15);
}

TEST(BceWithLogits, RefusesAWeightThatWouldMakeMoreOfTheLoss) {
  const Tensor logits = zeros({4, 1}), target = ones({4, 1});
  EXPECT_THROW(nn::bce_with_logits(logits, target, {.positive_weight = ones({3})}), UsageError);
  EXPECT_NO_THROW(nn::bce_with_logits(logits, target, {.positive_weight = ones({1})}));
}

TEST(Nll, IsCrossEntropyOfLogSoftmax) {
  const Tensor logits = golden()("logits"), target = golden()("target").to(DType::uint8);
  const Tensor loss = nn::nll(log_softmax(logits).reshape({3, 4, 5}), target.reshape({3, 4}));
  EXPECT_NEAR(loss.item<double>(), nn::cross_entropy(logits, target).item<double>(), 1e-15);
  EXPECT_THROW(nn::nll(logits, target.to(DType::int64) + 1), DataError);
}

TEST(CrossEntropy, OfCertainProbabilitiesIsThatOfClasses) {
  const Tensor logits = golden()("logits"), target = golden()("target").to(DType::int64);
  const Tensor soft = nn::cross_entropy(logits, one_hot(target, 5, DType::float64));
  EXPECT_NEAR(soft.item<double>(), nn::cross_entropy(logits, target).item<double>(), 1e-15);
}

TEST(Losses, NameThemselvesWhereShapesDoNotFit) {
  const Tensor a = zeros({4, 1}), b = zeros({4});
  const std::pair<const char*, std::function<void()>> calls[] = {
      {"nll: ", [&] { nn::nll(a, a); }},
      {"cross_entropy: targets are", [&] { nn::cross_entropy(a, zeros({4})); }},
      {"cross_entropy: ignore_index", [&] { nn::cross_entropy(a, a, {.ignore_index = 1}); }},
      {"cross_entropy: class weights", [&] { nn::cross_entropy(a, a, {.class_weights = b}); }},
      {"smooth_l1: ", [&] { nn::smooth_l1(a, b); }},
      {"smooth_l1: beta", [&] { nn::smooth_l1(a, a, -1); }},
      {"bce: ", [&] { nn::bce(a, b); }},
      {"sigmoid_focal: ", [&] { nn::sigmoid_focal(a, b); }},
      {"sigmoid_focal: gamma", [&] { nn::sigmoid_focal(a, a, {.gamma = -1}); }},
      {"sigmoid_focal: alpha", [&] { nn::sigmoid_focal(a, a, {.alpha = 2}); }},
      {"kl_div: ", [&] { nn::kl_div(a, b); }},
      {"gaussian_nll: ", [&] { nn::gaussian_nll(a, b, a); }},
      {"gaussian_nll: a variance", [&] { nn::gaussian_nll(b, b, a); }},
      {"gaussian_nll: epsilon", [&] { nn::gaussian_nll(b, b, b, {.epsilon = 0}); }},
      {"poisson_nll: ", [&] { nn::poisson_nll(a, b); }},
      {"margin_ranking: ", [&] { nn::margin_ranking(a, a, b); }},
      {"hinge_embedding: ", [&] { nn::hinge_embedding(a, b); }},
      {"soft_margin: ", [&] { nn::soft_margin(a, b); }},
      {"cosine_embedding: ", [&] { nn::cosine_embedding(a, b, b); }},
      {"cosine_embedding: targets", [&] { nn::cosine_embedding(a, a, a); }},
      {"triplet_margin: ", [&] { nn::triplet_margin(a, a, b); }},
      {"pairwise_distance: ", [&] { nn::triplet_margin(a, a, a, {.p = 0}); }},
  };
  for (const auto& [want, call] : calls) EXPECT_THAT(error_of(call), testing::StartsWith(want));
}

}  // namespace
}  // namespace stet
