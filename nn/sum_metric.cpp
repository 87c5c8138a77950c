// Metrics that add up, or keep, a number for each element.
#include <algorithm>
#include <cmath>
#include <limits>

#include "stet/nn/loss.h"
#include "stet/nn/metric.h"
#include "stet/nn/metric_parts.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/mode.h"

namespace stet::nn {

namespace {

std::vector<double> wide(const Tensor& x) { return x.to(cpu).to(DType::float64).to_vector<double>(); }

void require_equal(const char* metric, const Tensor& prediction, const Tensor& target) {
  if (prediction.shape() != target.shape()) {
    raise("{}: predictions {} and targets {} must have one shape; reshape one of them", metric,
          prediction.shape().to_string(), target.shape().to_string());
  }
}

double mean_of(double sum, int64_t count) {
  const ContractFloatEnv env;
  return kept_here(kept_here(sum) / static_cast<double>(count));
}

}  // namespace

void AUC::add(const Tensor& score, const Tensor& target) {
  const bool is_column = score.rank() == 2 && score.size(1) == 1;
  if ((score.rank() != 1 && !is_column) || target.elements() != score.elements()) {
    raise("AUC: scores {} and targets {}; give a score a sample, [N] or [N, 1], as of the second class's logit",
          score.shape().to_string(), target.shape().to_string());
  }
  const std::vector<double> scores = wide(score), truth = wide(target);
  for (size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) raise<DataError>("AUC: a score is NaN");
    if (truth[i] != 0 && truth[i] != 1) raise<DataError>("AUC: target {} is neither 0 nor 1", truth[i]);
  }
  for (size_t i = 0; i < scores.size(); ++i) samples_.push_back({scores[i], truth[i] == 1});
}

double AUC::value() const {
  const ContractFloatEnv env;
  std::vector<Sample> sorted = samples_;
  std::sort(sorted.begin(), sorted.end(), [](const Sample& a, const Sample& b) { return a.score < b.score; });
  // Twice the pairs in which the positive sample is above, ties once: whole numbers.
  int64_t twice = 0, negatives = 0, positives = 0;
  for (size_t begin = 0, end = 0; begin < sorted.size(); begin = end) {
    int64_t tied[2] = {0, 0};
    while (end < sorted.size() && sorted[end].score == sorted[begin].score) ++tied[sorted[end++].positive];
    twice += tied[1] * (2 * negatives + tied[0]);
    negatives += tied[0], positives += tied[1];
  }
  return static_cast<double>(twice) / (2 * static_cast<double>(positives) * static_cast<double>(negatives));
}

void MeanSquaredError::add(const Tensor& prediction, const Tensor& target) {
  require_equal("MeanSquaredError", prediction, target);
  const ContractFloatEnv env;
  const std::vector<double> x = wide(prediction), t = wide(target);
  for (size_t i = 0; i < x.size(); ++i) sum_ += (x[i] - t[i]) * (x[i] - t[i]);
  count_ += prediction.elements();
}

double MeanSquaredError::value() const { return mean_of(sum_, count_); }

void MeanAbsoluteError::add(const Tensor& prediction, const Tensor& target) {
  require_equal("MeanAbsoluteError", prediction, target);
  const ContractFloatEnv env;
  const std::vector<double> x = wide(prediction), t = wide(target);
  for (size_t i = 0; i < x.size(); ++i) sum_ += std::abs(x[i] - t[i]);
  count_ += prediction.elements();
}

double MeanAbsoluteError::value() const { return mean_of(sum_, count_); }

void R2::add(const Tensor& prediction, const Tensor& target) {
  require_equal("R2", prediction, target);
  if (prediction.rank() == 0) raise("R2: a prediction without an axis of samples");
  const ContractFloatEnv env;
  const std::vector<double> x = wide(prediction), t = wide(target);
  const int64_t samples = prediction.size(0);
  if (samples == 0) return;
  const size_t outputs = x.size() / static_cast<size_t>(samples);
  if (count_ == 0) outputs_.resize(outputs);
  if (outputs_.size() != outputs) raise("R2: {} outputs after {}", outputs, outputs_.size());
  for (size_t i = 0; i < x.size(); ++i) {
    if (i % outputs == 0) ++count_;
    Output& o = outputs_[i % outputs];
    const double off = t[i] - o.mean, miss = t[i] - x[i];
    o.mean += off / static_cast<double>(count_);
    o.squares += off * (t[i] - o.mean);
    o.residual += miss * miss;
  }
}

double R2::value() const {
  const ContractFloatEnv env;
  double sum = 0;
  for (const Output& o : outputs_) sum += 1 - o.residual / o.squares;
  return mean_of(sum, std::ssize(outputs_));
}

void Perplexity::add(const Tensor& logits, const Tensor& target) {
  require_class_numbers("Perplexity", target);
  const NoGrad no_grad;
  const ContractFloatEnv env;
  const Tensor last = with_classes_last("Perplexity", logits, target, options_.axis);
  const std::vector<double> losses =
      wide(cross_entropy(last, target, {.ignore_index = options_.ignore_index, .reduction = Reduction::none}));
  const std::vector<int64_t> actual = target.to(DType::int64).to(cpu).to_vector<int64_t>();
  for (size_t i = 0; i < losses.size(); ++i) {
    if (actual[i] == options_.ignore_index) continue;
    sum_ += losses[i];
    ++count_;
  }
}

double Perplexity::value() const {
  const ContractFloatEnv env;
  return math::exp(mean_of(sum_, count_));
}

}  // namespace stet::nn
