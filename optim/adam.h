// Adam and AdamW.
#pragma once

#include "stet/optim/optimizer.h"

namespace stet::optim {

struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;  ///< in [0, 1)
  double epsilon = 1e-8;
  double weight_decay = 0;  ///< added to the gradient, times the parameter
  Schedule schedule = constant();
};

/// Kingma and Ba, 2015 (arXiv 1412.6980): m and v are running means of the gradient and its square, p becomes
/// p - lr / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + epsilon), t counting the steps that had a gradient for p.
/// AdamStep in tensor/update.h has every rounding; beta^t is power()'s, and 1 - beta, the corrections and the rate are
/// binary64.
class Adam : public Optimizer {
 public:
  /// Throws UsageError on a setting out of its range.
  explicit Adam(Stateful& net, const AdamOptions& options = {}, Groups groups = {})
      : Adam("Adam", net, options, std::move(groups), false) {}
  Adam(Adam&&) = default;
  Adam& operator=(Adam&&) = default;
  std::string describe() const override { return "Adam"; }

 protected:
  Adam(const char* name, Stateful& net, const AdamOptions& options, Groups groups, bool decoupled);
  void update(std::span<const Change> changes) override;
  void hyperparameters(Visitor& v) override;

 private:
  AdamOptions options_;
  bool decoupled_;
};

struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;  ///< in [0, 1)
  double epsilon = 1e-8;
  double weight_decay = 1e-2;  ///< the share of the parameter, times the learning rate, that each step takes away
  Schedule schedule = constant();
};

/// Loshchilov and Hutter, 2019 (arXiv 1711.05101): Adam whose weight decay stays out of the running means.
class AdamW : public Adam {
 public:
  explicit AdamW(Stateful& net, const AdamWOptions& options = {}, Groups groups = {});
  std::string describe() const override { return "AdamW"; }
};

}  // namespace stet::optim
