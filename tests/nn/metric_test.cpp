// Metrics: by hand, and against their definitions on random values.
#include "stet/nn/metric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cfenv>
#include <cmath>
#include <functional>
#include <limits>
#include <ostream>
#include <vector>

#include "error_of.h"
#include "stet/data/evaluate.h"
#include "stet/data/in_memory.h"
#include "stet/nn/loss.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsNan;

const double kNaN = std::numeric_limits<double>::quiet_NaN();
const float kNanF = std::numeric_limits<float>::quiet_NaN();

Tensor classes(const std::vector<int64_t>& values) { return Tensor::from(values); }

// The value of a metric after one batch.
template <class M> auto after(M metric, const Tensor& prediction, const Tensor& target) {
  metric.add(prediction, target);
  return metric.value();
}

TEST(Accuracy, IsAValueForEachSample) {
  const auto net = [](const Tensor& x) { return x * -1; };
  const Tensor x = Tensor::from<float>({1, 0, 2, 5, 5, 5, 0, 1, 2}, {3, 3});
  const auto metric = nn::accuracy(net);
  EXPECT_THAT(metric(x, Tensor::from<int64_t>({1, 0, 2})).to_vector<float>(), ElementsAre(1, 1, 0));
  EXPECT_THAT(metric(x, Tensor::from<uint8_t>({0, 1, 0})).to_vector<float>(), ElementsAre(0, 0, 1));
  EXPECT_THAT(error_of([&] { metric(x, zeros({3, 1}, DType::int64)); }), HasSubstr("[3, 1]"));
}

TEST(Accuracy, CountsScoresAndClassNumbers) {
  const Tensor logits = Tensor::from<float>({1, 0, 2, 5, 5, 5, 0, 1, 2, 3, 0, 0}, {4, 3}), y = classes({2, 1, 2, 0});
  nn::Accuracy metric;
  EXPECT_THAT(metric.value(), IsNan());
  metric.add(logits, y);
  EXPECT_EQ(metric.value(), 0.75);  // of equal scores the first counts
  metric.add(classes({2, 2}), classes({2, 1}));
  EXPECT_EQ(metric.value(), 4 / 6.0);
  EXPECT_EQ(after(nn::Accuracy({.ignore_index = 1}), logits, y), 1);
  EXPECT_EQ(after(nn::Accuracy(), logits, y.to(DType::uint8)), 0.75);
  EXPECT_EQ(after(nn::Accuracy(), ones({2}) > 0.0, Tensor::from({true, false}, {2})), 0.5);
}

TEST(Accuracy, RefusesScoresOfOneClassAndTargetsWithoutAScore) {
  const auto net = [](const Tensor& x) { return x; };
  const Tensor column = ones({2, 1}), logits = zeros({2, 3});
  nn::Accuracy metric;
  for (const auto& add : std::vector<std::function<void(const Tensor&, const Tensor&)>>{
           [&](const Tensor&x, const Tensor&y) { metric.add(x, y); },
           [&](const Tensor&x, const Tensor&y) { nn::accuracy(net)(x, y); }}) {
    EXPECT_THAT(error_of([&] { add(column, classes({1, 1})); }), HasSubstr("[2, 1] have one class"));
    EXPECT_THAT(error_of<DataError>([&] { add(logits, classes({0, 3})); }), HasSubstr("class 3 is outside 0 … 2"));
    EXPECT_THAT(error_of<DataError>([&] { add(logits, classes({-1, 0})); }), HasSubstr("class -1"));
    EXPECT_THAT(error_of([&] { add(logits, Tensor::from<float>({0.9f, 0.2f})); }), HasSubstr("not class numbers"));
  }
  EXPECT_THAT(metric.value(), IsNan());
}

TEST(Accuracy, TakesClassesOnAnyAxis) {
  Tensor scores = Tensor::from<float>({1, 0, 3, 0, 0, 2, 1, 1}, {1, 2, 2, 2});
  const Tensor y = Tensor::from<int64_t>({0, 1, 0, 0}, {1, 2, 2});
  EXPECT_EQ(after(nn::Accuracy({.axis = 1}), scores, y), 0.75);
  EXPECT_EQ(after(nn::Accuracy(), scores.permute({0, 2, 3, 1}), y), 0.75);
  EXPECT_EQ(after(nn::TopK(1, {.axis = 1}), scores, y), 0.75);
  EXPECT_EQ(after(nn::TopK(2, {.axis = -3}), scores, y), 1);
}

TEST(TopK, TakesTheFirstOfEquals) {
  const Tensor row = Tensor::from<float>({2, 3, 2, 1}, {1, 4});
  const auto found = [&](int64_t k, int64_t c) { return after(nn::TopK(k), row, classes({c})) == 1; };
  EXPECT_TRUE(found(1, 1));
  EXPECT_FALSE(found(1, 0));
  EXPECT_TRUE(found(2, 0));
  EXPECT_FALSE(found(2, 2));
  EXPECT_TRUE(found(3, 2));
  EXPECT_TRUE(found(9, 3));
  const Tensor with_nan = Tensor::from<float>({2, kNanF, 7, kNanF}, {1, 4});
  EXPECT_EQ(after(nn::TopK(1), with_nan, classes({1})), 1);
  EXPECT_EQ(after(nn::TopK(1), with_nan, classes({3})), 0);
  EXPECT_EQ(after(nn::TopK(2), with_nan, classes({2})), 0);
  EXPECT_EQ(after(nn::TopK(3), with_nan, classes({2})), 1);
  EXPECT_EQ(after(nn::TopK(1, {.ignore_index = -1}), ones({2, 3}), classes({-1, 0})), 1);
}

// predicted:   0  0  1  1  1  3
// actual:      0  1  1  1  0  1     classes 2 and 4 occur nowhere
const std::vector<int64_t> kPredicted = {0, 0, 1, 1, 1, 3}, kActual = {0, 1, 1, 1, 0, 1};

TEST(ClassMetrics, AreByHand) {
  const Tensor x = classes(kPredicted), y = classes(kActual);
  const auto expect = [&](auto metric, std::vector<double> want, double macro) {
    const nn::ClassScores got = after(metric, x, y);
    EXPECT_THAT(got.by_class, testing::Pointwise(testing::NanSensitiveDoubleEq(), want));
    EXPECT_DOUBLE_EQ(got.macro, macro);
    EXPECT_EQ(static_cast<double>(got), got.macro);
  };
  expect(nn::Precision(5), {1 / 2.0, 2 / 3.0, kNaN, 0, kNaN}, (1 / 2.0 + 2 / 3.0) / 3);
  expect(nn::Recall(5), {1 / 2.0, 1 / 2.0, kNaN, 0, kNaN}, 1 / 3.0);
  expect(nn::F1(5), {1 / 2.0, 4 / 7.0, kNaN, 0, kNaN}, (1 / 2.0 + 4 / 7.0) / 3);
  expect(nn::MeanIoU(5), {1 / 3.0, 2 / 5.0, kNaN, 0, kNaN}, (1 / 3.0 + 2 / 5.0) / 3);
  const nn::ClassScores none = nn::F1(2).value();
  EXPECT_THAT(none.macro, IsNan());
}

TEST(ClassMetrics, LeaveIgnoredTargetsOut) {
  const Tensor x = classes({0, 1, 1}), y = classes({0, 255, 0});
  EXPECT_THAT(after(nn::MeanIoU(2, {.ignore_index = 255}), x, y).by_class, ElementsAre(0.5, 0));
  EXPECT_THAT(error_of<DataError>([&] { nn::MeanIoU(2).add(x, y); }), HasSubstr("MeanIoU: class 255 is outside 0 … 1"));
}

TEST(ConfusionMatrix, CountsAndPaints) {
  const nn::Confusion c = after(nn::ConfusionMatrix(4), classes(kPredicted), classes(kActual));
  EXPECT_EQ(c.counts.shape(), Shape({4, 4}));
  EXPECT_THAT(c.counts.to_vector<int64_t>(), ElementsAre(1, 1, 0, 0, 1, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0));
  const Tensor image = c.image(2);
  EXPECT_EQ(image.shape(), Shape({3, 8, 8}));
  EXPECT_EQ(image.dtype(), DType::uint8);
  const auto pixel = [&](int64_t y, int64_t x) {
    std::vector<int> rgb;
    for (int64_t i = 0; i < 3; ++i) rgb.push_back(image[i][y][x].item<uint8_t>());
    return rgb;
  };
  EXPECT_THAT(pixel(0, 0), ElementsAre(127, 127, 255));  // half of the first row, right
  EXPECT_THAT(pixel(1, 3), ElementsAre(255, 127, 127));  // half of it, wrong
  EXPECT_THAT(pixel(3, 1), ElementsAre(255, 191, 191));  // a quarter
  EXPECT_THAT(pixel(7, 7), ElementsAre(255, 255, 255));
  EXPECT_THROW(c.image(0), UsageError);
}

Tensor drawn(const char* name, const Shape& shape, double low, double high) {
  Stream stream(Rng(3) / name);
  return uniform(stream, shape, low, high);
}

TEST(Auc, IsTheShareOfPairsInOrder) {
  // Few distinct scores, so that many are tied.
  const Tensor score = (drawn("score", {200}, 0, 20).to(DType::int64)).to(DType::float32),
               y = drawn("y", {200}, 0, 1) < 0.3;
  const auto s = score.to_vector<float>();
  const auto t = y.to(DType::int64).to_vector<int64_t>();
  double above = 0, pairs = 0;
  for (size_t i = 0; i < s.size(); ++i) {
    for (size_t j = 0; j < s.size(); ++j) {
      if (t[i] != 1 || t[j] != 0) continue;
      above += s[i] > s[j] ? 1 : s[i] == s[j] ? 0.5 : 0;
      pairs += 1;
    }
  }
  EXPECT_EQ(after(nn::AUC(), score, y), above / pairs);
  EXPECT_EQ(after(nn::AUC(), score.reshape({200, 1}), y.to(DType::float32)), above / pairs);
  EXPECT_THAT(after(nn::AUC(), ones({3}), ones({3})), IsNan());
}

TEST(R2, IsByItsDefinition) {
  const Tensor x = drawn("x", {50, 2}, 0, 1), t = x + 0.1 * drawn("noise", {50, 2}, -1, 1) + 1e6;
  double want = 0;
  for (int64_t k = 0; k < 2; ++k) {
    const auto p = (x + 1e6).to(DType::float64).slice(1, k, k + 1).to_vector<double>(),
               y = t.to(DType::float64).slice(1, k, k + 1).to_vector<double>();
    double total = 0, squares = 0, residual = 0;
    for (const double v : y) total += v - 1e6;
    for (size_t i = 0; i < y.size(); ++i) {
      squares += std::pow(y[i] - 1e6 - total / 50, 2);
      residual += std::pow(y[i] - p[i], 2);
    }
    want += (1 - residual / squares) / 2;
  }
  EXPECT_NEAR(after(nn::R2(), x + 1e6, t), want, 1e-9);
  EXPECT_EQ(after(nn::R2(), classes({1, 2, 3}), classes({1, 2, 3})), 1);
  EXPECT_EQ(after(nn::R2(), classes({2, 2, 2}), classes({1, 2, 3})), 0);
  EXPECT_EQ(after(nn::R2(), classes({1, 2}), classes({1, 1})), -std::numeric_limits<double>::infinity());
}

TEST(Errors, AreMeansOverElements) {
  const Tensor x = Tensor::from<float>({1, 2, 3, 4}, {2, 2}), t = Tensor::from<float>({1, 4, 2, 4}, {2, 2});
  EXPECT_EQ(after(nn::MeanSquaredError(), x, t), 5 / 4.0);
  EXPECT_EQ(after(nn::MeanAbsoluteError(), x, t), 3 / 4.0);
}

TEST(Perplexity, IsTheExponentialOfTheMean) {
  const Tensor logits = drawn("logits", {3, 4, 5}, -2, 2);
  const Tensor y = Tensor::from<int64_t>({0, 1, 2, 3, 4, 0, 1, 2, 3, 9, 9, 1}, {3, 4});
  const double want = nn::cross_entropy(logits, y, {.ignore_index = 9}).item<float>();
  EXPECT_NEAR(after(nn::Perplexity({.ignore_index = 9}), logits, y), std::exp(want), 1e-5);
  EXPECT_NEAR(after(nn::Perplexity({.axis = 1, .ignore_index = 9}), logits.permute({0, 2, 1}), y), std::exp(want),
              1e-5);
  EXPECT_NEAR(after(nn::Perplexity(), zeros({2, 7}), classes({1, 2})), 7, 1e-5);
}

TEST(Metrics, NameThemselvesInErrors) {
  const Tensor logits = zeros({4, 3}), y = zeros({4}, DType::int64), wrong = zeros({3}, DType::int64);
  EXPECT_THAT(error_of([&] { nn::Accuracy().add(logits, wrong); }), HasSubstr("Accuracy: targets [3]"));
  EXPECT_THAT(error_of([&] { nn::Accuracy().add(logits, zeros({4})); }), HasSubstr("Accuracy: targets are float32"));
  EXPECT_THAT(error_of([&] { nn::TopK(2).add(logits, wrong); }), HasSubstr("TopK: targets [3]"));
  EXPECT_THAT(error_of([&] { nn::TopK(2).add(logits, zeros({4})); }), HasSubstr("TopK: targets are float32"));
  EXPECT_THAT(error_of([&] { nn::TopK(2, {.axis = 7}).add(logits, y); }), HasSubstr("but 7"));
  EXPECT_THAT(error_of<DataError>([&] { nn::TopK(2).add(logits, y + 3); }), HasSubstr("TopK: class 3"));
  EXPECT_THROW(nn::TopK(0), UsageError);
  EXPECT_THAT(error_of([&] { nn::F1(0); }), HasSubstr("F1: 0 classes"));
  EXPECT_THAT(error_of<DataError>([&] { nn::F1(2).add(y + 2, y); }), HasSubstr("F1: class 2"));
  EXPECT_THROW(nn::ConfusionMatrix(-1), UsageError);
  EXPECT_THAT(error_of<DataError>([&] { nn::ConfusionMatrix(2).add(y - 1, y); }), HasSubstr("class -1"));
  EXPECT_THAT(error_of([&] { nn::AUC().add(logits, y); }), HasSubstr("AUC: scores [4, 3]"));
  EXPECT_THAT(error_of<DataError>([&] { nn::AUC().add(ones({4}) * kNanF, y); }), HasSubstr("AUC: a score is NaN"));
  EXPECT_THAT(error_of<DataError>([&] { nn::AUC().add(ones({4}), y + 2); }), HasSubstr("AUC: target 2"));
  EXPECT_THAT(error_of([&] { nn::R2().add(logits, y); }), HasSubstr("R2: predictions"));
  EXPECT_THAT(error_of([&] { nn::R2().add(ones({}), ones({})); }), HasSubstr("R2: "));
  EXPECT_THAT(error_of([&] { nn::MeanSquaredError().add(logits, y); }), HasSubstr("MeanSquaredError: "));
  EXPECT_THAT(error_of([&] { nn::MeanAbsoluteError().add(logits, y); }), HasSubstr("MeanAbsoluteError: "));
  EXPECT_THAT(error_of([&] { nn::Perplexity().add(logits, wrong); }), HasSubstr("Perplexity: "));
}

TEST(Metrics, ABatchThatIsRefusedCountsNothing) {
  const Tensor good = classes({0, 1, 0}), bad = classes({0, 1, 7}), logits = zeros({3, 2});
  nn::ConfusionMatrix matrix(2);
  nn::Recall recall(2);
  nn::TopK top(1);
  nn::AUC auc;
  for (const auto& [prediction, target] : {std::pair(good, bad), std::pair(bad, good)}) {
    EXPECT_THROW(matrix.add(prediction, target), DataError);
    EXPECT_THROW(recall.add(prediction, target), DataError);
  }
  EXPECT_THROW(top.add(logits, bad), DataError);
  EXPECT_THROW(auc.add(ones({3}), bad), DataError);
  EXPECT_EQ(sum(matrix.value().counts).item<int64_t>(), 0);
  EXPECT_THAT(recall.value().macro, IsNan());
  EXPECT_THAT(top.value(), IsNan());
  EXPECT_THAT(auc.value(), IsNan());
}

struct NamedMetric {
  const char* name;
  double (*value)();
  friend void PrintTo(const NamedMetric& metric, std::ostream* out) { *out << metric.name; }
};

class MetricsUnderRounding : public ::testing::TestWithParam<NamedMetric> {
 protected:
  ~MetricsUnderRounding() override { std::fesetround(FE_TONEAREST); }
};

TEST_P(MetricsUnderRounding, AreThoseOfTheNearest) {
  const double nearest = GetParam().value();
  for (const int rounding : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    ASSERT_EQ(std::fesetround(rounding), 0);
    const double value = GetParam().value();
    std::fesetround(FE_TONEAREST);
    EXPECT_EQ(value, nearest) << rounding;
  }
}

// Each has a value that roundings differ in.
constexpr NamedMetric kMetrics[] = {
    {"Accuracy",
     [] {
       return after(nn::Accuracy(), zeros({3, 2}), classes({0, 1, 1}));
     }},
    {"TopK",
     [] {
       return after(nn::TopK(1), zeros({3, 2}), classes({0, 1, 1}));
     }},
    {"Precision",
     [] {
       return after(nn::Precision(2), classes({0, 0, 0}), classes({0, 1, 1})).macro;
     }},
    {"Recall",
     [] {
       return after(nn::Recall(2), classes({0, 0, 1, 1}), classes({0, 1, 1, 1})).macro;
     }},
    {"F1",
     [] {
       return after(nn::F1(2), classes({0, 0, 1}), classes({0, 1, 1})).macro;
     }},
    {"MeanIoU",
     [] {
       return after(nn::MeanIoU(2), classes({0, 0, 0}), classes({0, 1, 1})).macro;
     }},
    {"AUC",
     [] {
       return after(nn::AUC(), Tensor::from<float>({1, 2, 4, 3}), classes({0, 0, 0, 1}));
     }},
    {"MeanSquaredError",
     [] {
       return after(nn::MeanSquaredError(), Tensor::from<float>({1, 0, 0}), zeros({3}));
     }},
    {"MeanAbsoluteError",
     [] {
       return after(nn::MeanAbsoluteError(), Tensor::from<float>({1, 0, 0}), zeros({3}));
     }},
    {"R2",
     [] {
       return after(nn::R2(), Tensor::from<float>({1, 0, 0.3F}), Tensor::from<float>({0, 0.1F, 0.2F}));
     }},
    {"Perplexity",
     [] {
       return after(nn::Perplexity(), Tensor::from<float>({1, 0, 0.3F}, {1, 3}), classes({2}));
     }},
};

INSTANTIATE_TEST_SUITE_P(All, MetricsUnderRounding, ::testing::ValuesIn(kMetrics),
                         [](const auto& info) { return info.param.name; });

TEST(Metrics, OfOnePassDoNotDependOnTheBatch) {
  const Tensor x = drawn("x", {301, 4}, -3, 3), y = (drawn("y", {301}, 0, 4)).to(DType::int64);
  const auto set = data::in_memory("set", x, y);
  const auto regression = data::in_memory("regression", x, x * 0.9 + 0.2);
  const auto net = [](const Tensor& in) { return in * 1.7; };
  const auto all = [&](int64_t batch) {
    const auto [accuracy, top, f1, perplexity, confusion] = data::evaluate(
        set, net, {.batch = batch}, nn::Accuracy(), nn::TopK(2), nn::F1(4), nn::Perplexity(), nn::ConfusionMatrix(4));
    const auto [squared, absolute, r2] =
        data::evaluate(regression, net, {.batch = batch}, nn::MeanSquaredError(), nn::MeanAbsoluteError(), nn::R2());
    std::vector<double> values = {accuracy, top, f1, perplexity, squared, absolute, r2};
    for (const int64_t n : confusion.counts.to_vector<int64_t>()) values.push_back(static_cast<double>(n));
    return values;
  };
  const std::vector<double> want = all(301);
  for (const int64_t batch : {1, 7, 64, 300, 1000}) EXPECT_EQ(all(batch), want) << batch;
  EXPECT_EQ(want[0], data::evaluate(nn::accuracy(net), set));
}

TEST(Evaluate, OfOneMetricGivesItsValue) {
  const auto set = data::in_memory("set", Tensor::from<float>({1, 2, 4, 0}, {2, 2}), classes({1, 0}));
  const auto net = [](const Tensor& x) {
    EXPECT_FALSE(training());
    return x;
  };
  const double accuracy = data::evaluate(set, net, nn::Accuracy());
  EXPECT_EQ(accuracy, 1);
  EXPECT_THAT(error_of([&] { data::evaluate(set, net, {.batch = 0}, nn::Accuracy()); }), HasSubstr("batch 0"));
}

TEST(Evaluate, GivesTheNetworkAllFieldsButTheLast) {
  const auto set =
      data::in_memory("set", Tensor::from<float>({1, 2}), Tensor::from<float>({3, 4}), Tensor::from<float>({4, 7}));
  const auto sum = [](const Tensor& a, const Tensor& b) { return a + b; };
  EXPECT_EQ(data::evaluate(set, sum, nn::MeanSquaredError()), 0.5);
  const auto only = data::in_memory("only", Tensor::from<float>({1, 2}));
  EXPECT_EQ(data::evaluate(
                only, [](const Tensor& x) { return x + 1; }, nn::MeanAbsoluteError()),
            1);
}

}  // namespace
}  // namespace stet
