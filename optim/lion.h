// Lion.
#pragma once

#include "stet/optim/optimizer.h"

namespace stet::optim {

struct LionOptions {
  double lr = 1e-4;                  ///< a third to a tenth of what suits AdamW
  double beta1 = 0.9, beta2 = 0.99;  ///< in [0, 1)
  double weight_decay = 0;           ///< the share of the parameter, times the learning rate, that each step takes away
  Schedule schedule = constant();
};

/// Chen et al., 2023 (arXiv 2302.06675): every element moves by the rate, in the direction sign(beta1 m + (1 - beta1)
/// g); then m = beta2 m + (1 - beta2) g.
class Lion : public Optimizer {
 public:
  /// Throws UsageError on a setting out of its range.
  explicit Lion(Stateful& net, const LionOptions& options = {}, Groups groups = {});
  Lion(Lion&&) = default;
  Lion& operator=(Lion&&) = default;
  std::string describe() const override { return "Lion"; }

 protected:
  void update(std::span<const Change> changes) override;
  void hyperparameters(Visitor& v) override;

 private:
  LionOptions options_;
};

}  // namespace stet::optim
