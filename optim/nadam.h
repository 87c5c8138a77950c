// NAdam.
#pragma once

#include "stet/optim/optimizer.h"

namespace stet::optim {

struct NAdamOptions {
  double lr = 2e-3;
  double beta1 = 0.9, beta2 = 0.999;  ///< in [0, 1)
  double epsilon = 1e-8;
  double momentum_decay = 4e-3;
  double weight_decay = 0;  ///< added to the gradient, times the parameter
  Schedule schedule = constant();
};

/// Dozat, 2016 (Incorporating Nesterov momentum into Adam): Adam whose momentum looks a step ahead, warmed up by
/// mu(t) = beta1 (1 - 0.96^(t * momentum_decay) / 2).
class NAdam : public Optimizer {
 public:
  /// Throws UsageError on a setting out of its range.
  explicit NAdam(Stateful& net, const NAdamOptions& options = {}, Groups groups = {});
  NAdam(NAdam&&) = default;
  NAdam& operator=(NAdam&&) = default;
  std::string describe() const override { return "NAdam"; }

 protected:
  void update(std::span<const Change> changes) override;
  void hyperparameters(Visitor& v) override;

 private:
  NAdamOptions options_;
  /// mu(t), and the product of mu(1) … mu(t).
  double momentum(int64_t t) const;
  double product(int64_t t);

  std::vector<double> products_ = {1};  // a function of the options alone: no state
};

}  // namespace stet::optim
