#include "stet/tracking/run/finite_check.h"

#include <cmath>
#include <limits>
#include <string>

#include "stet/tensor/error.h"
#include "stet/tracking/run/state.h"

namespace stet::tracking {

double with_plain_nan(double value) { return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value; }

void FiniteCheck::metric(int64_t step, std::string_view name, double value) const {
  if (allow_nan_ || std::isfinite(value)) return;
  raise<TrainingError>("step {}: {} is {}; log finite values, or go on with --allow-nan", step, name, value);
}

void FiniteCheck::loss(int64_t step, double value) const {
  if (allow_nan_ || std::isfinite(value)) return;
  raise<TrainingError>("step {}: the loss is {}; lower the learning rate, or go on with --allow-nan", step, value);
}

void FiniteCheck::parameters(const Checkpoint& checkpoint) const {
  if (allow_nan_) return;
  if (const std::string name = non_finite_parameter(checkpoint); !name.empty()) {
    raise<TrainingError>("step {}: {} holds a NaN or an infinity; lower the learning rate, or go on with --allow-nan",
                         checkpoint.step, name);
  }
}

}  // namespace stet::tracking
