// Metrics over a data set. Those with `add` and `value` go through one pass together: `auto [accuracy, f1] =
// data::evaluate(test, net, nn::Accuracy(), nn::F1(10));`.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stet/tensor/tensor.h"

namespace stet::nn {

/// 1 where the largest of logits [.., C] is at the target [..], else 0, as float32 [..]. Throws UsageError unless C > 1
/// and targets are of an integer dtype or bool, DataError on one that is no class.
Tensor hits(const Tensor& logits, const Tensor& target);

/// A function that gives a value for each sample of a batch; its mean over a data set does not depend on how that was
/// cut into batches. For a sequence that value is a mean over its positions: `mean(…, {1})`. A lambda serves as well:
/// `[&](const Tensor& x, const Tensor& y) { return nn::cross_entropy(net(x), y, {.reduction = nn::Reduction::none});
/// }`.
template <class Net> class AccuracyOf {
 public:
  explicit AccuracyOf(Net& net) : net_(&net) {}
  Tensor operator()(const Tensor& x, const Tensor& y) const { return hits((*net_)(x), y); }

 private:
  Net* net_;
};

/// The share of samples whose class the network gets right. Refers to net, which must outlive it.
template <class Net> AccuracyOf<Net> accuracy(Net& net) { return AccuracyOf<Net>(net); }

// Each metric below takes batches by add(prediction, target), on any device, and gives value() of all of them. Counts
// are integers, and sums are of float64 in the order in which the samples come, so that a data set's value does not
// depend on the batch size. Errors name the metric.

struct ClassOptions {
  int axis = -1;  ///< of the classes in a prediction: 1 for images [N, C, H, W]
  /// Targets that are left out.
  std::optional<int64_t> ignore_index = std::nullopt;
};

/// The share of classes that are right. As all metrics of classes it takes scores [.., C] or class numbers [..], and
/// targets [..] of any integer dtype or bool; add throws UsageError on scores of one class, DataError on a target that
/// has no score. Of equal scores the lowest class is taken. Of nothing the value is NaN.
class Accuracy {
 public:
  explicit Accuracy(const ClassOptions& options = {}) : options_(options) {}
  void add(const Tensor& prediction, const Tensor& target);
  double value() const;

 private:
  ClassOptions options_;
  int64_t right_ = 0, count_ = 0;
};

/// The share of targets among the k highest scores. Of equal scores the lower class is higher; NaN is highest.
class TopK {
 public:
  /// Throws UsageError unless k is positive.
  explicit TopK(int64_t k, const ClassOptions& options = {});
  void add(const Tensor& prediction, const Tensor& target);
  double value() const;

 private:
  int64_t k_;
  ClassOptions options_;
  int64_t right_ = 0, count_ = 0;
};

/// A score of each class, and their mean. A class that occurs neither in targets nor in predictions has NaN and takes
/// no part in the mean. It stands for its mean where a number is wanted: `run.log("f1", f1)`.
struct ClassScores {
  std::vector<double> by_class;
  double macro;
  operator double() const { return macro; }  // NOLINT
};

/// What metrics by class count.
class ClassCounts {
 public:
  /// Throws DataError on a class that there isn't.
  void add(const Tensor& prediction, const Tensor& target);

 protected:
  /// Throws UsageError unless there is a class.
  ClassCounts(const char* metric, int64_t classes, const ClassOptions& options);
  /// hits / weight of each class, where 0 / 0 of one that occurs is 0.
  struct Share {
    double hits, of;
  };
  struct Counts {
    int64_t hits = 0, predicted = 0, actual = 0;
  };
  ClassScores scores(Share (*share)(const Counts&)) const;

 private:
  const char* metric_;
  ClassOptions options_;
  std::vector<Counts> counts_;
};

/// Hits / predictions of a class.
class Precision : public ClassCounts {
 public:
  explicit Precision(int64_t classes, const ClassOptions& options = {}) : ClassCounts("Precision", classes, options) {}
  ClassScores value() const;
};

/// Hits / targets of a class.
class Recall : public ClassCounts {
 public:
  explicit Recall(int64_t classes, const ClassOptions& options = {}) : ClassCounts("Recall", classes, options) {}
  ClassScores value() const;
};

/// The harmonic mean of precision and recall: 2 hits / (predictions + targets).
class F1 : public ClassCounts {
 public:
  explicit F1(int64_t classes, const ClassOptions& options = {}) : ClassCounts("F1", classes, options) {}
  ClassScores value() const;
};

/// Intersection over union of pixels (Everingham et al., 2010): hits / (predictions + targets - hits); `macro` is the
/// mean over classes. `nn::MeanIoU(21, {.axis = 1, .ignore_index = 255})` for scores [N, 21, H, W].
class MeanIoU : public ClassCounts {
 public:
  explicit MeanIoU(int64_t classes, const ClassOptions& options = {}) : ClassCounts("MeanIoU", classes, options) {}
  ClassScores value() const;
};

/// How often a class was taken for another.
struct Confusion {
  Tensor counts;  ///< int64 [C, C]: rows are targets, columns predictions
  /// uint8 [3, C cell, C cell], for log_image: what is right in blue and what is wrong in red, the darker the larger
  /// its share of the row.
  Tensor image(int64_t cell = 16) const;
};

/// How often samples of each class are taken for each: predictions as scores with an axis of classes, or as classes;
/// targets int64 classes.
class ConfusionMatrix {
 public:
  /// Throws UsageError unless there is a class.
  explicit ConfusionMatrix(int64_t classes, const ClassOptions& options = {});
  /// Throws DataError on a class that there isn't.
  void add(const Tensor& prediction, const Tensor& target);
  Confusion value() const;

 private:
  int64_t classes_;
  ClassOptions options_;
  std::vector<int64_t> counts_;
};

/// The area under the ROC curve, exactly: the share of pairs of a positive and a negative sample in which the positive
/// one has the higher score, ties counting half (Hanley and McNeil, 1982). Scores [N] or [N, 1], targets 0 or 1 of any
/// dtype, as many. Keeps all scores. NaN where one of the kinds is missing.
class AUC {
 public:
  /// Throws DataError on a score that is NaN, or a target that is neither 0 nor 1.
  void add(const Tensor& score, const Tensor& target);
  double value() const;

 private:
  struct Sample {
    double score;
    bool positive;
  };
  std::vector<Sample> samples_;
};

/// The mean of (prediction - target)^2 over all elements; shapes must be equal.
class MeanSquaredError {
 public:
  void add(const Tensor& prediction, const Tensor& target);
  double value() const;

 private:
  double sum_ = 0;
  int64_t count_ = 0;
};

/// The mean of |prediction - target| over all elements; shapes must be equal.
class MeanAbsoluteError {
 public:
  void add(const Tensor& prediction, const Tensor& target);
  double value() const;

 private:
  double sum_ = 0;
  int64_t count_ = 0;
};

/// The coefficient of determination 1 - sum((t - x)^2) / sum((t - mean(t))^2), [N, ..] like [N, ..]: the mean over the
/// outputs of a sample. Of an output whose targets are all equal it is -infinity, or NaN where they were all met.
class R2 {
 public:
  void add(const Tensor& prediction, const Tensor& target);
  double value() const;

 private:
  // Welford, 1962.
  struct Output {
    double mean = 0, squares = 0, residual = 0;
  };
  std::vector<Output> outputs_;
  int64_t count_ = 0;
};

/// exp of the mean cross-entropy of logits [.., C] with targets [..].
class Perplexity {
 public:
  explicit Perplexity(const ClassOptions& options = {}) : options_(options) {}
  void add(const Tensor& logits, const Tensor& target);
  double value() const;

 private:
  ClassOptions options_;
  double sum_ = 0;
  int64_t count_ = 0;
};

}  // namespace stet::nn
