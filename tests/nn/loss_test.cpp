// Losses: against PyTorch's values and gradients, and against differences.
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
using testing::Not;

constexpr double kTolerance = 1e-12;  // float64 on both sides; only the order of sums differs

const Golden& golden() {
  static const Golden file("losses.h5");
  return file;
}

void expect_near(const Tensor& got, const Tensor& want, double tolerance, const std::string& what) {
  ASSERT_EQ(got.shape(), want.shape()) << what;
  const auto a = got.to(DType::float64).to_vector<double>(), b = want.to_vector<double>();
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_NEAR(a[i], b[i], tolerance * std::max(1.0, std::abs(b[i]))) << what << " " << i;
}

struct Case {
  std::string name, input;
  std::function<Tensor(const Tensor& x, Reduction)> loss;
};

std::vector<Case> cases() {
  const Tensor target = golden()("target").to(DType::int64), ignoring = golden()("ignoring").to(DType::int64);
  const Tensor weights = golden()("class_weights"), b = golden()("b"), p = golden()("probability"),
               positive = golden()("positive_weight");
  const auto entropy = [](const Tensor& t, nn::CrossEntropyOptions o) {
    return [t, o](const Tensor& x, Reduction r) {
      auto options = o;
      options.reduction = r;
      return nn::cross_entropy(x, t, options);
    };
  };
  return {
      {"cross_entropy", "logits", entropy(target, {})},
      {"cross_entropy_smoothing", "logits", entropy(target, {.label_smoothing = 0.1})},
      {"cross_entropy_weights", "logits", entropy(target, {.class_weights = weights})},
      {"cross_entropy_ignoring", "logits", entropy(ignoring, {.ignore_index = -100})},
      {"cross_entropy_all", "logits",
       entropy(ignoring, {.label_smoothing = 0.2, .class_weights = weights, .ignore_index = -100})},
      {"mse", "a", [b](auto& x, Reduction r) { return nn::mse(x, b, r); }},
      {"l1", "a", [b](auto& x, Reduction r) { return nn::l1(x, b, r); }},
      {"huber", "a", [b](auto& x, Reduction r) { return nn::huber(x, b, 1.5, r); }},
      {"bce", "a", [p](auto& x, Reduction r) { return nn::bce_with_logits(x, p, {.reduction = r}); }},
      {"bce_weight", "a",
       [p, positive](auto& x, Reduction r) {
         return nn::bce_with_logits(x, p, {.positive_weight = positive, .reduction = r});
       }},
  };
}

const std::pair<Reduction, const char*> kReductions[] = {
    {Reduction::mean, "mean"}, {Reduction::sum, "sum"}, {Reduction::none, "none"}};

TEST(Losses, EqualPyTorchsValuesAndGradients) {
  for (const Case& c : cases()) {
    for (const auto& [reduction, name] : kReductions) {
      const std::string group = c.name + "_" + name;
      const Tensor x = watch(golden()(c.input));
      const Tensor loss = c.loss(x, reduction);
      expect_near(loss, golden()(group + "/value"), kTolerance, group);
      expect_near(backward(sum(loss))[x], golden()(group + "/gradient"), kTolerance, group + "'s gradient");
    }
  }
}

TEST(Losses, GradientsByDifferences) {
  for (const Case& c : cases()) {
    // The last inputs lie on kinks, where differences say nothing.
    Tensor x = golden()(c.input);
    if (c.input == "a") x = x + 1e-3;
    EXPECT_TRUE(check_gradients([&](auto& in) { return c.loss(in[0], Reduction::none); }, {x})) << c.name;
    EXPECT_TRUE(check_gradients([&](auto& in) { return c.loss(in[0], Reduction::mean); }, {x})) << c.name;
  }
}

TEST(CrossEntropy, TakesLabelsOfAnyIntegerTypeAndRowsOfAnyShape) {
  const Tensor logits = golden()("logits"), target = golden()("target");
  const Tensor want = nn::cross_entropy(logits, target.to(DType::int64));
  EXPECT_EQ(nn::cross_entropy(logits, target.to(DType::uint8)).item<double>(), want.item<double>());
  EXPECT_EQ(nn::cross_entropy(logits.reshape({3, 4, 5}), target.to(DType::int32).reshape({3, 4})).shape(), Shape());
}

TEST(CrossEntropy, StaysFiniteForLargeLogits) {
  const Tensor logits = Tensor::from<float>({1000, -1000, 0, 1000}, {2, 2});
  const Tensor loss = nn::cross_entropy(logits, Tensor::from<int64_t>({0, 0}), {.reduction = Reduction::none});
  EXPECT_THAT(loss.to_vector<float>(), ElementsAre(0, 1000));
}

TEST(CrossEntropy, OfIgnoredRowsAloneIsNaN) {
  const Tensor loss = nn::cross_entropy(zeros({2, 3}), Tensor::from<int64_t>({9, 9}), {.ignore_index = 9});
  EXPECT_TRUE(std::isnan(loss.item<float>()));
}

TEST(CrossEntropy, RefusesWhatDoesNotFit) {
  const Tensor logits = zeros({4, 3}), target = zeros({4}, DType::int64);
  EXPECT_THAT(error_of([&] { nn::cross_entropy(logits, zeros({3}, DType::int64)); }), HasSubstr("[3]"));
  EXPECT_THAT(error_of([&] { nn::cross_entropy(logits, zeros({4})); }), HasSubstr("float32"));
  EXPECT_THAT(error_of([&] { nn::cross_entropy(logits, target, {.label_smoothing = 2}); }), HasSubstr("smoothing 2"));
  EXPECT_THAT(error_of([&] { nn::cross_entropy(logits, target, {.class_weights = ones({4})}); }),
              HasSubstr("3 classes"));
  EXPECT_THROW(nn::cross_entropy(logits, Tensor::from<int64_t>({0, 1, 2, 3})), DataError);
}

TEST(CrossEntropy, SaysHowImagesPutTheirClassesLast) {
  const Tensor labels = zeros({2, 4, 5}, DType::int64);
  EXPECT_THAT(error_of([&] { nn::cross_entropy(zeros({2, 3, 4, 5}), labels); }), HasSubstr("movedim(1, -1)"));
  EXPECT_THAT(error_of([&] { nn::cross_entropy(zeros({2, 4, 3}), labels); }), Not(HasSubstr("movedim")));
  EXPECT_NO_THROW(nn::cross_entropy(zeros({2, 3, 4, 5}).movedim(1, -1), labels));
}

TEST(Losses, RefuseShapesThatWouldBroadcast) {
  EXPECT_THAT(error_of([] { nn::mse(zeros({4, 1}), zeros({4})); }), HasSubstr("[4, 1]"));
  EXPECT_THROW(nn::l1(zeros({4, 1}), zeros({4})), UsageError);
  EXPECT_THROW(nn::huber(zeros({4}), zeros({4}), 0), UsageError);
  EXPECT_THROW(nn::bce_with_logits(zeros({4, 1}), zeros({4})), UsageError);
}

TEST(Losses, RefuseTargetsOfAnotherDtype) {
  EXPECT_THAT(error_of([] { nn::bce_with_logits(zeros({4}), zeros({4}, DType::int64)); }),
              HasSubstr("bce_with_logits: predictions are float32 and targets int64; convert the targets"));
  EXPECT_THAT(error_of([] { nn::mse(zeros({4}), zeros({4}, DType::float64)); }), HasSubstr("mse: "));
}

TEST(BceWithLogits, StaysFiniteForLargeLogits) {
  const Tensor x = Tensor::from<float>({200, -200, 200, -200}), t = Tensor::from<float>({1, 0, 0, 1});
  EXPECT_THAT(nn::bce_with_logits(x, t, {.reduction = Reduction::none}).to_vector<float>(),
              ElementsAre(0, 0, 200, 200));
}

// log(1 + e^-x) for a target of 1, and its mirror image for 0; the gradient is -1 / (1 + e^x).
TEST(BceWithLogits, KeepsItsDigitsWhereTheLogitsAreRight) {
  for (float x : {0.0f, 0.5f, 5.0f, 10.0f, 15.0f, 20.0f, 50.0f, 87.0f, 100.0f}) {
    for (const DType dtype : {DType::float32, DType::float64}) {
      const double digits = dtype == DType::float32 ? 3e-7 : 1e-15, want = std::log1p(std::exp(-double{x})),
                   slope = -1 / (1 + std::exp(double{x}));
      const Tensor logits = watch(Tensor::from<float>({x, -x}).to(dtype)),
                   target = Tensor::from<float>({1, 0}).to(dtype);
      const Tensor loss = nn::bce_with_logits(logits, target, {.reduction = Reduction::none});
      const auto got = loss.to(DType::float64).to_vector<double>(),
                 gradient = backward(sum(loss))[logits].to(DType::float64).to_vector<double>();
      for (size_t i : {0u, 1u}) {
        EXPECT_NEAR(got[i], want, digits * want + 1e-44) << x;
        EXPECT_NEAR(gradient[i], i == 0 ? slope : -slope, digits * -slope + 1e-44) << x;
      }
      const Tensor weighted =
          nn::bce_with_logits(logits, target, {.positive_weight = ones({2}, dtype), .reduction = Reduction::none});
      EXPECT_EQ(weighted.to(DType::float64).to_vector<double>(), got) << "a weight of 1 changes nothing";
    }
  }
}

TEST(BceWithLogits, OfSoftTargetsIsWithoutCancellation) {
  for (float t : {0.999f, 0.5f, 1e-3f}) {
    for (float x : {-30.0f, -3.0f, 0.0f, 3.0f, 30.0f}) {
      const double wide = x, want = std::log1p(std::exp(-std::fabs(wide))) + std::max(wide, 0.0) - double{t} * wide;
      const double got = nn::bce_with_logits(full({1}, x), full({1}, t)).item<float>();
      EXPECT_NEAR(got, want, 1e-6 * want) << t << " " << x;
    }
  }
}

TEST(KlDiv, OfAnAbsentClassIsNothing) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  for (const bool of_logarithms : {false, true}) {
    const Tensor x = watch(Tensor::from<float>({-1, 0, -kInf}));
    const Tensor t = watch(of_logarithms ? Tensor::from<float>({-kInf, 0, -kInf}) : Tensor::from<float>({0, 1, 0}));
    const Tensor loss = nn::kl_div(x, t, {.log_target = of_logarithms, .reduction = Reduction::none});
    EXPECT_THAT(loss.to_vector<float>(), ElementsAre(0, 0, 0));
    const Gradients g = backward(sum(loss));
    EXPECT_THAT(g[x].to_vector<float>(), ElementsAre(0, -1, 0));
    if (of_logarithms) { EXPECT_THAT(g[t].to_vector<float>(), ElementsAre(0, 1, 0)); }
  }
}

TEST(SigmoidFocal, OfACertainRightLogitHasNoSlope) {
  for (const double gamma : {0.0, 0.3, 0.5, 1.0, 1.5, 2.0}) {
    const Tensor x = watch(Tensor::from<float>({110, -110, 1000})), t = Tensor::from<float>({1, 0, 1});
    const Tensor loss = nn::sigmoid_focal(x, t, {.gamma = gamma, .reduction = Reduction::none});
    EXPECT_THAT(loss.to_vector<float>(), ElementsAre(0, 0, 0)) << gamma;
    EXPECT_THAT(backward(sum(loss))[x].to_vector<float>(), ElementsAre(0, 0, 0)) << gamma;
  }
}

TEST(Distances, OfEqualRowsHaveNoSlope) {
  for (const DType dtype : {DType::float32, DType::float64}) {
    for (const double p : {1.0, 1.5, 2.0, 3.0}) {
      const Tensor a = watch(Tensor::from<double>({1, 2, 3, 4}, {2, 2}).to(dtype)),
                   b = Tensor::from<double>({1, 2, 3, 8}, {2, 2}).to(dtype);
      const Tensor d = nn::pairwise_distance(a, b, {.p = p, .epsilon = 0});
      const Gradients g = backward(sum(d));
      EXPECT_THAT(d.to(DType::float64).to_vector<double>(), ElementsAre(0, testing::DoubleNear(4, 1e-6))) << p;
      EXPECT_THAT(g[a].to(DType::float64).to_vector<double>(), ElementsAre(0, 0, 0, testing::DoubleNear(-1, 1e-6)))
          << p;
    }
  }
  const Tensor far = Tensor::from<float>({1, -5, 3}, {1, 3});
  const nn::DistanceOptions greatest{.p = std::numeric_limits<double>::infinity(), .epsilon = 0};
  EXPECT_THAT(nn::pairwise_distance(far, zeros({1, 3}), greatest).to_vector<float>(), ElementsAre(5));
}

TEST(CosineSimilarity, RefusesABoundThatVanishes) {
  EXPECT_THAT(error_of([] { nn::cosine_similarity(zeros({2}), zeros({2}), 0, 1e-30); }),
              HasSubstr("cosine_similarity: epsilon 1e-30"));
  const Tensor a = watch(zeros({2}));
  const Tensor alike = nn::cosine_similarity(a, zeros({2}), 0, 1e-18);
  EXPECT_EQ(alike.item<float>(), 0);
  EXPECT_THAT(backward(alike)[a].to_vector<float>(), ElementsAre(0, 0));
  EXPECT_EQ(nn::cosine_similarity(zeros({2}, DType::float64), zeros({2}, DType::float64), 0, 1e-30).item<double>(), 0);
  EXPECT_THROW(nn::cosine_similarity(zeros({2}, DType::float64), zeros({2}, DType::float64), 0, 1e-200), UsageError);
}

TEST(Losses, NameThemselvesWhereAPartDoesNotFit) {
  const Tensor x = zeros({2, 3}), y = zeros({2}, DType::int64), wide = ones({3}, DType::float64);
  EXPECT_EQ(error_of([&] { nn::cross_entropy(zeros({2, 0}), y); }), "cross_entropy: logits [2, 0] have no classes");
  EXPECT_THAT(error_of([&] { nn::cross_entropy(x, y, {.class_weights = wide}); }),
              HasSubstr("cross_entropy: predictions are float32 and class weights float64"));
  EXPECT_THAT(error_of([&] { nn::cross_entropy(x, x.to(DType::float64)); }),
              HasSubstr("cross_entropy: predictions are float32 and probabilities float64"));
  EXPECT_THAT(error_of([&] { nn::nll(x, y, {.class_weights = wide}); }), HasSubstr("nll: predictions are float32"));
  EXPECT_THAT([&] { nn::nll(x, y + 7); }, testing::ThrowsMessage<DataError>("nll: class 7 is outside 0 … 2"));
  EXPECT_THAT(error_of([&] { nn::l1(y, y); }), HasSubstr("l1: takes float32 or float64, not int64"));
  EXPECT_THAT(error_of([&] { nn::mse(y, y); }), HasSubstr("mse: takes float32 or float64, not int64"));
}

TEST(Huber, OfAnInfiniteDifferenceHasItsSlope) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const Tensor x = watch(Tensor::from<float>({kInf, -kInf, 1e30f, -3e38f, 0.5f, 2, -2, 0}));
  const Tensor loss = nn::huber(x, zeros({8}), 2, Reduction::none);
  EXPECT_THAT(loss.to_vector<float>(), ElementsAre(kInf, kInf, 2e30f, kInf, 0.125f, 2, 2, 0));
  EXPECT_THAT(backward(sum(loss))[x].to_vector<float>(), ElementsAre(2, -2, 2, -2, 0.5f, 2, -2, 0));
  const Tensor target = watch(Tensor::from<float>({-kInf}));
  EXPECT_EQ(backward(nn::huber(ones({1}), target, 1))[target].item<float>(), -1);
}

}  // namespace
}  // namespace stet
