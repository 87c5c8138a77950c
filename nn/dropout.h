// Dropout of elements, channels and samples.
#pragma once

#include "stet/nn/module.h"
#include "stet/tensor/rng.h"

namespace stet::nn {

/// What layers that drop share: with what probability, and the stream they draw from. The mask is a function of seed,
/// path and step, and is never stored.
class Dropping : public Module {
 public:
  void members(Visitor& v) override;
  std::string describe() const override;

 protected:
  /// Throws UsageError unless 0 <= p < 1, or if a live stream has the rng's path already.
  Dropping(const char* name, double p, const Rng& rng);

  const char* name_;
  double p_;
  Stream stream_;
};

/// Srivastava et al., JMLR 2014: in training, each element becomes 0 with probability p, and the others are divided by
/// 1 - p; in evaluation, x as it is.
class Dropout : public Dropping {
 public:
  Dropout(double p, const Rng& rng) : Dropping("Dropout", p, rng) {}
  Tensor operator()(const Tensor& x);
};

/// Tompson et al., 2015 (arXiv 1411.4280): the same of whole channels of x [N, C, ...].
class Dropout2d : public Dropping {
 public:
  Dropout2d(double p, const Rng& rng) : Dropping("Dropout2d", p, rng) {}
  Tensor operator()(const Tensor& x);
};

/// Stochastic depth, Huang et al., 2016 (arXiv 1603.09382): the same of whole samples of x [N, ...], for the branch of
/// a residual block: x + drop(branch(x)).
class DropPath : public Dropping {
 public:
  DropPath(double p, const Rng& rng) : Dropping("DropPath", p, rng) {}
  Tensor operator()(const Tensor& x);
};

}  // namespace stet::nn
