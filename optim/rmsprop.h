// RMSprop.
#pragma once

#include "stet/optim/optimizer.h"

namespace stet::optim {

struct RmsPropOptions {
  double lr = 1e-2;
  double alpha = 0.99;  ///< share of the running mean that is kept; in [0, 1)
  double epsilon = 1e-8;
  double momentum = 0;      ///< in [0, 1); 0 keeps no state for it
  bool centered = false;    ///< divides by the deviation, not by the root of the mean square
  double weight_decay = 0;  ///< added to the gradient, times the parameter
  Schedule schedule = constant();
};

/// Tieleman and Hinton, 2012 (lecture 6.5): p becomes p - lr * g / (sqrt(v) + epsilon), v the running mean of g^2; with
/// momentum and centring as in Graves, 2013 (arXiv 1308.0850), epsilon outside the root as in PyTorch.
class RMSprop : public Optimizer {
 public:
  /// Throws UsageError on a setting out of its range.
  explicit RMSprop(Stateful& net, const RmsPropOptions& options = {}, Groups groups = {});
  RMSprop(RMSprop&&) = default;
  RMSprop& operator=(RMSprop&&) = default;
  std::string describe() const override { return "RMSprop"; }

 protected:
  void update(std::span<const Change> changes) override;
  void hyperparameters(Visitor& v) override;

 private:
  RmsPropOptions options_;
};

}  // namespace stet::optim
