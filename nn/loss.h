// Losses.
#pragma once

#include <cstdint>
#include <optional>

#include "stet/tensor/tensor.h"

namespace stet::nn {

/// What a loss gives: one value an element (or row), or their mean or sum as a scalar.
/// `batch_mean` is the sum divided by the first axis' extent.
enum class Reduction { mean, sum, none, batch_mean };

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
/// over no rows is NaN. A floating target [.., C] holds each row's probabilities, as mixup's do: -sum(target * log
/// softmax(logits)), whose mean is over the rows. Throws UsageError on wrong shapes or options, DataError on a target
/// outside 0 … C-1.
Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& options = {});

struct NllOptions {
  Tensor class_weights = {};  ///< as cross_entropy's
  /// Rows with this target have loss 0 and take no part in the mean.
  std::optional<int64_t> ignore_index = std::nullopt;
  Reduction reduction = Reduction::mean;
};

/// The negative log-likelihood -x[target] of log-probabilities, as log_softmax gives them: [.., C], target [..] of any
/// integer dtype. Throws as cross_entropy does.
Tensor nll(const Tensor& log_probabilities, const Tensor& target, const NllOptions& options = {});

/// (x - target)^2. Shapes must be equal; these throw UsageError if they aren't, as broadcasting here is nearly always a
/// mistake.
Tensor mse(const Tensor& x, const Tensor& target, Reduction reduction = Reduction::mean);

/// |x - target|.
Tensor l1(const Tensor& x, const Tensor& target, Reduction reduction = Reduction::mean);

/// Huber, 1964, with d = |x - target|: d^2 / 2 up to delta, then delta (d - delta / 2). Throws UsageError unless delta
/// is positive.
Tensor huber(const Tensor& x, const Tensor& target, double delta = 1, Reduction reduction = Reduction::mean);

/// Girshick, 2015 (arXiv 1504.08083), with d = |x - target|: d^2 / (2 beta) up to beta, then d - beta / 2; huber
/// divided by its delta. beta = 0 is l1. Throws UsageError on a negative beta.
Tensor smooth_l1(const Tensor& x, const Tensor& target, double beta = 1, Reduction reduction = Reduction::mean);

struct BceOptions {
  /// Multiplies the loss of positive targets; of a shape that broadcasts to the logits'. Undefined: 1.
  Tensor positive_weight = {};
  Reduction reduction = Reduction::mean;
};

/// Binary cross-entropy of sigmoid(logits) with targets in [0, 1], for logits of any size:
/// (1 - target) softplus(x) + target softplus(-x). Its gradient is sigmoid(x) - target. Shapes must be equal.
Tensor bce_with_logits(const Tensor& logits, const Tensor& target, const BceOptions& options = {});

/// The same of probabilities in [0, 1]: -(t log p + (1 - t) log(1 - p)), whose logarithms are at least -100 and whose
/// gradient (p - t) / (p (1 - p)) divides by at least 1e-12. Outside [0, 1] it is NaN. Prefer bce_with_logits, which
/// keeps its digits. Shapes must be equal.
Tensor bce(const Tensor& probability, const Tensor& target, Reduction reduction = Reduction::mean);

struct FocalOptions {
  double alpha = 0.25;  ///< the weight of positive targets, 1 - alpha that of others; negative: both 1
  double gamma = 2;     ///< at least 0
  Reduction reduction = Reduction::mean;
};

/// Lin et al., 2017 (arXiv 1708.02002): bce_with_logits, times the probability of the wrong class to the power of
/// gamma. Shapes must be equal.
Tensor sigmoid_focal(const Tensor& logits, const Tensor& target, const FocalOptions& options = {});

struct KlOptions {
  bool log_target = false;  ///< the target is given as log-probabilities too
  /// The divergence of rows [N, C] is batch_mean or sum; mean divides by the classes as well.
  Reduction reduction = Reduction::mean;
};

/// Kullback and Leibler, 1951: t (log t - x), element by element, of log-probabilities x; 0 where t = 0. Shapes must be
/// equal.
Tensor kl_div(const Tensor& log_probabilities, const Tensor& target, const KlOptions& options = {});

struct GaussianNllOptions {
  bool full = false;      ///< with the constant log(2 pi) / 2
  double epsilon = 1e-6;  ///< the least variance; positive. The gradient is that of a variance without this bound
  Reduction reduction = Reduction::mean;
};

/// -log N(target; x, variance) = (log v + (x - target)^2 / v) / 2 (Nix and Weigend, 1994). The variance broadcasts to
/// x, as one of [N, 1] does. Throws UsageError on other shapes.
Tensor gaussian_nll(const Tensor& x, const Tensor& target, const Tensor& variance,
                    const GaussianNllOptions& options = {});

struct PoissonNllOptions {
  bool log_input = true;  ///< x is the logarithm of the rate
  bool full = false;      ///< with Stirling's t log t - t + log(2 pi t) / 2, for targets above 1
  double epsilon = 1e-8;  ///< added to a rate whose logarithm is taken
  Reduction reduction = Reduction::mean;
};

/// The negative log-likelihood of counts: exp(x) - t x, or x - t log(x + epsilon) of the rate itself. Shapes must be
/// equal.
Tensor poisson_nll(const Tensor& x, const Tensor& target, const PoissonNllOptions& options = {});

// Losses that ask for a margin. Targets are 1 or -1, of any dtype.

/// relu(margin - y (a - b)): a is to rank above b where y = 1, below it where y = -1. Shapes must be equal.
Tensor margin_ranking(const Tensor& a, const Tensor& b, const Tensor& y, double margin = 0,
                      Reduction reduction = Reduction::mean);

/// x where y = 1, relu(margin - x) where y = -1; x is a distance. Shapes must be equal.
Tensor hinge_embedding(const Tensor& x, const Tensor& y, double margin = 1, Reduction reduction = Reduction::mean);

/// log(1 + exp(-y x)). Shapes must be equal.
Tensor soft_margin(const Tensor& x, const Tensor& y, Reduction reduction = Reduction::mean);

/// With the cosine c of a and b [.., D]: 1 - c where y [..] is 1, relu(c - margin) where it is -1.
Tensor cosine_embedding(const Tensor& a, const Tensor& b, const Tensor& y, double margin = 0,
                        Reduction reduction = Reduction::mean);

struct TripletOptions {
  double margin = 1;
  double p = 2;           ///< of the norm; at least 1
  double epsilon = 1e-6;  ///< as pairwise_distance's
  bool swap = false;      ///< the negative's distance is the lesser of those from anchor and positive
  Reduction reduction = Reduction::mean;
};

/// Schroff et al., 2015 (arXiv 1503.03832): relu(|anchor - positive| - |anchor - negative| + margin) of rows [.., D],
/// all of one shape.
Tensor triplet_margin(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                      const TripletOptions& options = {});

}  // namespace stet::nn
