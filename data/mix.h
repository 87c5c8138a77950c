// Transforms of a whole batch: each sample with another.
#pragma once

#include "stet/tensor/rng.h"
#include "stet/tensor/tensor.h"

namespace stet::data {

/// A batch and its targets [N, classes], mixed.
struct Mixed {
  Tensor x, target;
  double lambda;  ///< the part of a sample itself; of its partner 1 - lambda
};

/// Zhang et al., 2018 (arXiv 1710.09412): lambda · x + (1 - lambda) · x of the sample before it (the first with the
/// last), and the targets likewise; lambda, one a batch, is drawn from Beta(alpha, alpha):
///
///     auto [mixed, target, lambda] = data::mixup(x, one_hot(y, 10), 0.2, draws);
///     auto loss = nn::cross_entropy(net(mixed), target);
///
/// Throws UsageError unless x and target are floating [N, ...], N the same, and alpha is between 0.01 and 100.
Mixed mixup(const Tensor& x, const Tensor& target, double alpha, Stream& stream);

/// Yun et al., 2019 (arXiv 1905.04899): a rectangle of images x [N, C, H, W] is that of the sample before it. It has
/// 1 - lambda of the area, lambda from Beta(alpha, alpha), and its centre anywhere; what is cut off at a border counts
/// in lambda, by which the targets are mixed. Throws as mixup does.
Mixed cutmix(const Tensor& x, const Tensor& target, double alpha, Stream& stream);

/// A number of Beta(alpha, alpha): g / (g + h), of two draws of Gamma(alpha) by Marsaglia and Tsang, 2000. All in
/// float64 with correctly rounded functions, so that every machine has the same.
double draw_beta(double alpha, Stream& stream);

}  // namespace stet::data
