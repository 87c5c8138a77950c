// Losses.
#pragma once

#include <cstdint>
#include <optional>

#include "stet/tensor/tensor.h"

namespace stet::nn {

/// What a loss gives: one value an element (or row), or their mean or sum as a scalar.
enum class Reduction { mean, sum, none };

struct CrossEntropyOptions {
  /// Szegedy et al., 2016 (arXiv 1512.00567): this share of the target's probability is spread evenly over all classes;
  /// in [0, 1].
  double label_smoothing = 0;
  /// [C], of the logits' dtype; each row's loss is multiplied by its target's, and the mean is over the weights.
  /// Undefined: all 1.
  Tensor class_weights = {};
  /// Rows with this target have loss 0 and take no part in the mean.
  std::optional<int64_t> ignore_index = std::nullopt;
  Reduction reduction = Reduction::mean;
};

/// -log softmax(logits)[target]: logits [.., C], target [..] of any integer dtype; classes are the last axis. The mean
/// over no rows is NaN. Throws UsageError on wrong shapes or options, DataError on a target outside 0 … C-1.
Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& options = {});

/// (x - target)^2. Shapes must be equal; these throw UsageError if they aren't, as broadcasting here is nearly always a
/// mistake.
Tensor mse(const Tensor& x, const Tensor& target, Reduction reduction = Reduction::mean);

/// |x - target|.
Tensor l1(const Tensor& x, const Tensor& target, Reduction reduction = Reduction::mean);

/// Huber, 1964, with d = |x - target|: d^2 / 2 up to delta, then delta (d - delta / 2). Throws UsageError unless delta
/// is positive.
Tensor huber(const Tensor& x, const Tensor& target, double delta = 1, Reduction reduction = Reduction::mean);

struct BceOptions {
  /// Multiplies the loss of positive targets; of a shape that broadcasts to the logits'. Undefined: 1.
  Tensor positive_weight = {};
  Reduction reduction = Reduction::mean;
};

/// Binary cross-entropy of sigmoid(logits) with targets in [0, 1], for logits of any size: softplus(x) - target * x.
/// Its gradient is sigmoid(x) - target. Shapes must be equal.
Tensor bce_with_logits(const Tensor& logits, const Tensor& target, const BceOptions& options = {});

}  // namespace stet::nn
