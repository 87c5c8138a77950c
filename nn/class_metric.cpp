// Metrics of classes.
#include <cmath>
#include <limits>

#include "stet/nn/metric.h"
#include "stet/nn/metric_parts.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/reduce.h"
#include "stet/tensor/ops/shape_ops.h"

namespace stet::nn {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double share(int64_t part, int64_t whole) {
  const ContractFloatEnv env;
  return whole == 0 ? kNaN : kept_here(kept_here(static_cast<double>(part)) / static_cast<double>(whole));
}

std::vector<int64_t> class_numbers(const Tensor& x) { return x.to(DType::int64).to(cpu).to_vector<int64_t>(); }

// Before anything is counted.
void require_in_range(const char* metric, const std::vector<int64_t>& all, size_t classes) {
  for (const int64_t c : all) {
    if (c < 0 || static_cast<size_t>(c) >= classes)
      raise<DataError>("{}: class {} is outside 0 … {}", metric, c, classes - 1);
  }
}

// The highest of one score is always the first.
void require_scores(const char* metric, const Tensor& scores, int axis) {
  if (scores.size(axis) != 1) return;
  raise("{}: scores {} have one class along axis {}; make class numbers of them, as (scores > 0).to(DType::int64)",
        metric, scores.shape().to_string(), axis);
}

// Predicted and actual classes of what isn't ignored.
struct Classes {
  std::vector<int64_t> predicted, actual;
};

Classes classes_of(const char* metric, const Tensor& prediction, const Tensor& target, const ClassOptions& o) {
  require_class_numbers(metric, target);
  const bool are_numbers = !is_floating(prediction.dtype()) && prediction.shape() == target.shape();
  if (!are_numbers) require_scores(metric, prediction, o.axis);
  const Tensor guess = are_numbers ? prediction : argmax(prediction, o.axis);
  if (guess.shape() != target.shape()) {
    raise("{}: targets {} must have the axes of predictions {} but {}, which holds the classes", metric,
          target.shape().to_string(), prediction.shape().to_string(), o.axis);
  }
  const std::vector<int64_t> predicted = class_numbers(guess), actual = class_numbers(target);
  Classes kept;
  for (size_t i = 0; i < actual.size(); ++i) {
    if (actual[i] == o.ignore_index) continue;
    kept.predicted.push_back(predicted[i]);
    kept.actual.push_back(actual[i]);
  }
  if (!are_numbers) require_in_range(metric, kept.actual, static_cast<size_t>(prediction.size(o.axis)));
  return kept;
}

void require_classes(const char* metric, int64_t classes) {
  if (classes < 1) raise("{}: {} classes; give a positive number", metric, classes);
}

// True if the score at `at` is one of the k highest of a row.
bool is_among(const double* scores, int64_t classes, int64_t at, int64_t k) {
  const double own = scores[at];
  int64_t above = 0;
  for (int64_t c = 0; c < classes; ++c) {
    const bool equal = std::isnan(own) ? std::isnan(scores[c]) : scores[c] == own;
    const bool higher = !std::isnan(own) && (std::isnan(scores[c]) || scores[c] > own);
    above += higher || (equal && c < at);
  }
  return above < k;
}

}  // namespace

void require_class_numbers(const char* metric, const Tensor& target) {
  if (is_floating(target.dtype())) {
    raise("{}: targets are {}, not class numbers; convert them with to(DType::int64)", metric, name_of(target.dtype()));
  }
}

Tensor with_classes_last(const char* metric, const Tensor& prediction, const Tensor& target, int axis) {
  std::vector<int> order;
  const int at = axis < 0 ? axis + prediction.rank() : axis;
  for (int i = 0; i < prediction.rank(); ++i) {
    if (i != at) order.push_back(i);
  }
  if (order.size() + 1 == static_cast<size_t>(prediction.rank())) {
    order.push_back(at);
    const Tensor last = permute(prediction, order);
    if (std::vector<int64_t>(last.shape().begin(), last.shape().end() - 1) == target.shape().dims()) return last;
  }
  raise("{}: targets {} must have the axes of predictions {} but {}, which holds the classes", metric,
        target.shape().to_string(), prediction.shape().to_string(), axis);
}

Tensor hits(const Tensor& logits, const Tensor& target) {
  require_class_numbers("accuracy", target);
  require_scores("accuracy", logits, -1);
  const Tensor guess = argmax(logits);
  if (guess.shape() != target.shape()) {
    raise("accuracy: targets {} must have the axes of logits {} but the last, which holds the classes",
          target.shape().to_string(), logits.shape().to_string());
  }
  require_in_range("accuracy", class_numbers(target), static_cast<size_t>(logits.size(-1)));
  return (guess == target.to(DType::int64)).to(DType::float32);
}

void Accuracy::add(const Tensor& prediction, const Tensor& target) {
  const Classes classes = classes_of("Accuracy", prediction, target, options_);
  for (size_t i = 0; i < classes.actual.size(); ++i) right_ += classes.predicted[i] == classes.actual[i];
  count_ += std::ssize(classes.actual);
}

double Accuracy::value() const { return share(right_, count_); }

TopK::TopK(int64_t k, const ClassOptions& options) : k_(k), options_(options) {
  if (k < 1) raise("TopK: k = {} must be positive", k);
}

void TopK::add(const Tensor& prediction, const Tensor& target) {
  require_class_numbers("TopK", target);
  const Tensor last = with_classes_last("TopK", prediction, target, options_.axis);
  const std::vector<double> scores = last.to(cpu).to(DType::float64).to_vector<double>();
  const std::vector<int64_t> actual = class_numbers(target);
  const int64_t classes = last.size(-1);
  std::vector<int64_t> counted = actual;
  if (options_.ignore_index) std::erase(counted, *options_.ignore_index);
  require_in_range("TopK", counted, static_cast<size_t>(classes));
  for (size_t i = 0; i < actual.size(); ++i) {
    if (actual[i] == options_.ignore_index) continue;
    right_ += is_among(scores.data() + static_cast<int64_t>(i) * classes, classes, actual[i], k_);
    ++count_;
  }
}

double TopK::value() const { return share(right_, count_); }

ClassCounts::ClassCounts(const char* metric, int64_t classes, const ClassOptions& options)
    : metric_(metric), options_(options) {
  require_classes(metric, classes);
  counts_.resize(static_cast<size_t>(classes));
}

void ClassCounts::add(const Tensor& prediction, const Tensor& target) {
  const Classes classes = classes_of(metric_, prediction, target, options_);
  require_in_range(metric_, classes.predicted, counts_.size());
  require_in_range(metric_, classes.actual, counts_.size());
  for (size_t i = 0; i < classes.actual.size(); ++i) {
    const int64_t guess = classes.predicted[i], truth = classes.actual[i];
    counts_[static_cast<size_t>(guess)].predicted += 1;
    counts_[static_cast<size_t>(truth)].actual += 1;
    counts_[static_cast<size_t>(truth)].hits += guess == truth;
  }
}

ClassScores ClassCounts::scores(Share (*share)(const Counts&)) const {
  const ContractFloatEnv env;
  ClassScores all{{}, 0};
  int64_t occurring = 0;
  for (const Counts& c : counts_) {
    const auto [hits, of] = share(c);
    const bool occurs = c.predicted > 0 || c.actual > 0;
    all.by_class.push_back(!occurs ? kNaN : of == 0 ? 0 : hits / of);
    if (!occurs) continue;
    all.macro += all.by_class.back();
    ++occurring;
  }
  all.macro = occurring == 0 ? kNaN : all.macro / static_cast<double>(occurring);
  return all;
}

ClassScores Precision::value() const {
  return scores([](const Counts& c) { return Share{static_cast<double>(c.hits), static_cast<double>(c.predicted)}; });
}

ClassScores Recall::value() const {
  return scores([](const Counts& c) { return Share{static_cast<double>(c.hits), static_cast<double>(c.actual)}; });
}

ClassScores F1::value() const {
  return scores([](const Counts& c) {
    return Share{static_cast<double>(2 * c.hits), static_cast<double>(c.predicted + c.actual)};
  });
}

ClassScores MeanIoU::value() const {
  return scores([](const Counts& c) {
    return Share{static_cast<double>(c.hits), static_cast<double>(c.predicted + c.actual - c.hits)};
  });
}

Tensor Confusion::image(int64_t cell) const {
  if (cell < 1) raise("Confusion: cells of {} pixels", cell);
  const int64_t classes = counts.size(0), side = classes * cell;
  const std::vector<int64_t> n = counts.to_vector<int64_t>();
  std::vector<uint8_t> pixels(static_cast<size_t>(3 * side * side));
  for (int64_t row = 0; row < classes; ++row) {
    int64_t total = 0;
    for (int64_t c = 0; c < classes; ++c) total += n[static_cast<size_t>(row * classes + c)];
    for (int64_t column = 0; column < classes; ++column) {
      const int64_t count = n[static_cast<size_t>(row * classes + column)];
      const auto light = static_cast<uint8_t>(255 - (total == 0 ? 0 : (510 * count + total) / (2 * total)));
      const uint8_t red = row == column ? light : 255, blue = row == column ? 255 : light;
      for (int64_t y = row * cell; y < (row + 1) * cell; ++y) {
        for (int64_t x = column * cell; x < (column + 1) * cell; ++x) {
          const auto at = static_cast<size_t>(y * side + x), plane = static_cast<size_t>(side * side);
          pixels[at] = red, pixels[at + plane] = light, pixels[at + 2 * plane] = blue;
        }
      }
    }
  }
  return Tensor::adopt(std::move(pixels), {3, side, side});
}

ConfusionMatrix::ConfusionMatrix(int64_t classes, const ClassOptions& options) : classes_(classes), options_(options) {
  require_classes("ConfusionMatrix", classes);
  counts_.resize(static_cast<size_t>(classes * classes));
}

void ConfusionMatrix::add(const Tensor& prediction, const Tensor& target) {
  const Classes classes = classes_of("ConfusionMatrix", prediction, target, options_);
  require_in_range("ConfusionMatrix", classes.predicted, static_cast<size_t>(classes_));
  require_in_range("ConfusionMatrix", classes.actual, static_cast<size_t>(classes_));
  for (size_t i = 0; i < classes.actual.size(); ++i) {
    ++counts_[static_cast<size_t>(classes.actual[i] * classes_ + classes.predicted[i])];
  }
}

Confusion ConfusionMatrix::value() const { return {Tensor::from(counts_, {classes_, classes_})}; }

}  // namespace stet::nn
