// Dropout.
#pragma once

#include "stet/nn/module.h"
#include "stet/tensor/rng.h"

namespace stet::nn {

/// Srivastava et al., JMLR 2014: in training, each element becomes 0 with probability p, and the others are divided by
/// 1 - p; in evaluation, x as it is. The mask is a function of seed, path and step, and is never stored.
class Dropout : public Module {
 public:
  /// Throws UsageError unless 0 <= p < 1, or if a live stream has the rng's path already.
  Dropout(double p, const Rng& rng);

  Tensor operator()(const Tensor& x);
  void members(Visitor& v) override;
  std::string describe() const override;

 private:
  double p_;
  Stream stream_;
};

}  // namespace stet::nn
