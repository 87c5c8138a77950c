// Probability distributions: samples, log-probabilities, entropies, divergences. All have gradients in their parameters
// but samples, of which Normal's reparametrised one has.
#pragma once

#include "stet/tensor/rng.h"
#include "stet/tensor/tensor.h"

namespace stet::nn {

/// Normal distributions, one an element of mean and deviation, which broadcast to each other.
///   nn::Normal policy(net.mean(x), exp(net.log_deviation));
///   const Tensor action = policy.sample(stream), loss = -mean(policy.log_prob(action) * advantage);
class Normal {
 public:
  /// Throws UsageError unless both are of one floating dtype, and on a negative deviation.
  Normal(const Tensor& mean, const Tensor& deviation);
  Normal(double mean = 0, double deviation = 1, DType dtype = DType::float32, Device device = cpu);

  /// mean + deviation z, [leading.., shape..], without a gradient.
  Tensor sample(Stream& stream, const Shape& leading = {}) const;
  /// The same with the parameters' gradients (Kingma and Welling, 2014, arXiv 1312.6114): PyTorch's rsample.
  Tensor sample_with_gradient(Stream& stream, const Shape& leading = {}) const;
  /// The density's logarithm at x, element by element; x broadcasts.
  Tensor log_prob(const Tensor& x) const;
  Tensor entropy() const;

  const Tensor& mean() const { return mean_; }
  const Tensor& deviation() const { return deviation_; }

 private:
  Tensor mean_, deviation_;  // of one shape
};

/// Gives either: `nn::Categorical({.logits = net(x)})`.
struct ProbabilityOptions {
  Tensor logits = {}, probs = {};
};

/// Distributions over classes 0 … C-1, one a row of logits [.., C], or of probabilities, which need not add up to 1.
class Categorical {
 public:
  ///   const nn::Categorical policy({.logits = net(x)});
  ///   const Tensor action = policy.sample(stream), loss = -mean(policy.log_prob(action) * advantage);
  /// Throws UsageError unless exactly one is given, with an axis of classes, and on a negative probability.
  explicit Categorical(const ProbabilityOptions& options);

  /// Classes int64 [leading.., ..], drawn by the probabilities (multinomial with replacement), without a gradient.
  Tensor sample(Stream& stream, const Shape& leading = {}) const;
  /// The logarithm of the probability of classes x [..] of any integer dtype.
  Tensor log_prob(const Tensor& x) const;
  /// [..]; a class of probability 0 adds nothing.
  Tensor entropy() const;
  /// The likeliest class, int64 [..]; the lowest of equals.
  Tensor mode() const;

  /// [.., C], normalised.
  const Tensor& log_probs() const { return log_probs_; }
  const Tensor& probs() const { return probs_; }

 private:
  Tensor log_probs_, probs_;
};

/// Distributions over 0 and 1, one an element of the logits, or of the probabilities of 1, which are kept from 0 and 1
/// by the dtype's precision where a logarithm is taken.
class Bernoulli {
 public:
  /// Throws UsageError unless exactly one is given.
  explicit Bernoulli(const ProbabilityOptions& options);

  /// 0 or 1, [leading.., shape..], of the parameter's dtype: 1 where a uniform number is below the probability.
  Tensor sample(Stream& stream, const Shape& leading = {}) const;
  /// The logarithm of the probability of x, element by element; x is of the parameter's shape.
  Tensor log_prob(const Tensor& x) const;
  Tensor entropy() const;

  const Tensor& logits() const { return logits_; }
  const Tensor& probs() const { return probs_; }

 private:
  Tensor logits_, probs_;
};

/// The divergence KL(p || q), element by element, of Categorical row by row.
Tensor kl(const Normal& p, const Normal& q);
Tensor kl(const Categorical& p, const Categorical& q);
Tensor kl(const Bernoulli& p, const Bernoulli& q);

}  // namespace stet::nn
