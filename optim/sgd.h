// Stochastic gradient descent.
#pragma once

#include "stet/optim/optimizer.h"

namespace stet::optim {

struct SgdOptions {
  double lr = 1e-2;
  double momentum = 0;      ///< in [0, 1); 0 keeps no state
  double dampening = 0;     ///< 1 - dampening of each gradient but the first enters the momentum
  bool nesterov = false;    ///< Sutskever et al., 2013; needs momentum, and no dampening
  double weight_decay = 0;  ///< added to the gradient, times the parameter
  Schedule schedule = constant();
};

/// Stochastic gradient descent with momentum as in Sutskever et al., 2013, but with the learning rate outside the
/// momentum: a parameter p with gradient g becomes p - lr * b, b = momentum * b + (1 - dampening) * (g + weight_decay *
/// p). SgdStep in tensor/update.h has every rounding.
class SGD : public Optimizer {
 public:
  /// Throws UsageError on a setting out of its range.
  explicit SGD(Stateful& net, const SgdOptions& options = {}, Groups groups = {});
  SGD(SGD&&) = default;
  SGD& operator=(SGD&&) = default;
  std::string describe() const override { return "SGD"; }

 protected:
  void update(std::span<const Change> changes) override;
  void hyperparameters(Visitor& v) override;

 private:
  SgdOptions options_;
};

}  // namespace stet::optim
