// What is not finite ends a run, unless it was started with --allow-nan.
#pragma once

#include <cstdint>
#include <string_view>

#include "stet/tracking/record/checkpoint.h"

namespace stet::tracking {

/// The value, or the one NaN of messages and metrics: which sign and payload an operation gives differs between
/// machines.
double with_plain_nan(double value);

/// Each throws TrainingError that names the step.
class FiniteCheck {
 public:
  explicit FiniteCheck(bool allow_nan = false) : allow_nan_(allow_nan) {}
  void metric(int64_t step, std::string_view name, double value) const;
  void loss(int64_t step, double value) const;
  /// A checkpoint's parameters.
  void parameters(const Checkpoint& checkpoint) const;

 private:
  bool allow_nan_;
};

}  // namespace stet::tracking
