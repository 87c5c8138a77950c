// What a training does when a metric stops improving: lower the rate, or end.
#pragma once

#include <cstdint>

#include "stet/optim/optimizer.h"

namespace stet::optim {

/// Whether a metric is better when it is less, as a loss is, or greater.
enum class Mode { min, max };

struct PlateauOptions {
  Mode mode = Mode::min;
  double factor = 0.1;      ///< the rate is multiplied by it; in (0, 1)
  int64_t patience = 10;    ///< values in a row that may be no better before it is
  double threshold = 1e-4;  ///< by how much a value must be better than the best, relative to that's magnitude
  bool absolute = false;    ///< the threshold is a difference instead
  int64_t cooldown = 0;     ///< values after a reduction that aren't counted
  double min_lr = 0;
  double least_change = 0;  ///< a rate that would fall by no more than this stays: PyTorch's eps, 1e-8 there
};

/// Lowers an optimizer's rate when a metric stops improving, as PyTorch's ReduceLROnPlateau does (of a metric below 0,
/// for which PyTorch's relative threshold asks for less than no improvement, it asks for the same share). Track it with
/// the optimizer, so that a resumed run goes on counting:
///   optim::Plateau plateau(opt, {.patience = 3});
///   run.track("plateau", plateau);
///   ... plateau.step(data::evaluate(losses, validation));
/// Refers to the optimizer, which must outlive it and stay where it is. NaN is never better.
class Plateau : public Stateful {
 public:
  /// Throws UsageError on a setting out of its range.
  explicit Plateau(Optimizer& optimizer, const PlateauOptions& options = {});
  /// Tells it the metric. True if the rate was lowered.
  bool step(double value);
  bool step(const Tensor& value) { return step(value.item<double>()); }
  void members(Visitor& v) override;
  std::string describe() const override { return "Plateau"; }

 private:
  double bound() const;

  Optimizer* optimizer_;
  PlateauOptions options_;
  double best_;
  int64_t bad_ = 0, cooling_ = 0;
};

struct EarlyStoppingOptions {
  Mode mode = Mode::min;
  int64_t patience = 10;  ///< the training stops at this many values in a row that are no better
  double min_delta = 0;   ///< by how much a value must be better than the best
};

/// Tells when to stop (Prechelt, 1998). Track it, so that a resumed run goes on counting:
///   optim::EarlyStopping stop({.patience = 5});
///   run.track("stop", stop);
///   ... if (stop.step(loss)) break;
/// NaN is never better.
class EarlyStopping : public Stateful {
 public:
  /// Throws UsageError on a setting out of its range.
  explicit EarlyStopping(const EarlyStoppingOptions& options = {});
  /// Tells it the metric. True if the training should stop.
  bool step(double value);
  bool step(const Tensor& value) { return step(value.item<double>()); }
  bool stopped() const { return bad_ >= options_.patience; }
  /// The best value so far, infinite before the first, and the number of the step that gave it, from 1; 0 before.
  double best() const { return best_; }
  int64_t best_step() const { return best_step_; }
  void members(Visitor& v) override;
  std::string describe() const override { return "EarlyStopping"; }

 private:
  EarlyStoppingOptions options_;
  double best_;
  int64_t steps_ = 0, best_step_ = 0, bad_ = 0;
};

}  // namespace stet::optim
