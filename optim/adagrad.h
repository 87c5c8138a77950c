// Adagrad and Adadelta.
#pragma once

#include "stet/optim/optimizer.h"

namespace stet::optim {

struct AdagradOptions {
  double lr = 1e-2;
  double lr_decay = 0;  ///< a parameter's rate at its step t = 1, 2, … is lr / (1 + (t - 1) lr_decay)
  double initial = 0;   ///< of the sums of squares; PyTorch's initial_accumulator_value
  double epsilon = 1e-10;
  double weight_decay = 0;  ///< added to the gradient, times the parameter
  Schedule schedule = constant();
};

/// Duchi, Hazan and Singer, JMLR 2011: p becomes p - lr * g / (sqrt(v) + epsilon), v the sum of all g^2.
class Adagrad : public Optimizer {
 public:
  /// Throws UsageError on a setting out of its range.
  explicit Adagrad(Stateful& net, const AdagradOptions& options = {}, Groups groups = {});
  Adagrad(Adagrad&&) = default;
  Adagrad& operator=(Adagrad&&) = default;
  std::string describe() const override { return "Adagrad"; }

 protected:
  void update(std::span<const Change> changes) override;
  void hyperparameters(Visitor& v) override;

 private:
  AdagradOptions options_;
};

struct AdadeltaOptions {
  double lr = 1;
  double rho = 0.9;  ///< share of the running means that is kept; in [0, 1)
  double epsilon = 1e-6;
  double weight_decay = 0;  ///< added to the gradient, times the parameter
  Schedule schedule = constant();
};

/// Zeiler, 2012 (arXiv 1212.5701): each change is the gradient times the ratio of the changes' and the gradients'
/// running root mean squares.
class Adadelta : public Optimizer {
 public:
  /// Throws UsageError on a setting out of its range.
  explicit Adadelta(Stateful& net, const AdadeltaOptions& options = {}, Groups groups = {});
  Adadelta(Adadelta&&) = default;
  Adadelta& operator=(Adadelta&&) = default;
  std::string describe() const override { return "Adadelta"; }

 protected:
  void update(std::span<const Change> changes) override;
  void hyperparameters(Visitor& v) override;

 private:
  AdadeltaOptions options_;
};

}  // namespace stet::optim
