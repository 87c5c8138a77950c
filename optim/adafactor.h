// Adafactor.
#pragma once

#include <optional>

#include "stet/optim/optimizer.h"

namespace stet::optim {

struct AdafactorOptions {
  double lr = 1e-2;           ///< the highest relative rate; a parameter's at its step t is at most 1 / sqrt(t)
  double beta2_decay = -0.8;  ///< t to this power is the share of the new squares at step t; not above 0
  std::optional<double> epsilon1 = std::nullopt;  ///< the least root of a square; the dtype's precision unless given
  double epsilon2 = 1e-3;                         ///< the least size of a parameter that its rate is relative to
  double clip = 1;          ///< the largest root mean square of a change before the rate; PyTorch's d
  double weight_decay = 0;  ///< the share of the parameter, times the learning rate, that each step takes away
  Schedule schedule = constant();
};

/// Shazeer and Stern, 2018 (arXiv 1804.04235), as PyTorch's torch.optim.Adafactor has it: of a matrix only the means of
/// the squared gradient over rows and over columns are kept, along the last two axes, and rates are relative to a
/// parameter's root mean square.
class Adafactor : public Optimizer {
 public:
  /// Throws UsageError on a setting out of its range.
  explicit Adafactor(Stateful& net, const AdafactorOptions& options = {}, Groups groups = {});
  Adafactor(Adafactor&&) = default;
  Adafactor& operator=(Adafactor&&) = default;
  std::string describe() const override { return "Adafactor"; }

 protected:
  void update(std::span<const Change> changes) override;
  void hyperparameters(Visitor& v) override;

 private:
  AdafactorOptions options_;
};

}  // namespace stet::optim
