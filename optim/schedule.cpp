#include "stet/optim/schedule.h"

#include "stet/optim/power.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/math/elementary.h"

namespace stet::optim {

namespace {

void require_positive(const char* schedule, int64_t steps) {
  if (steps <= 0) raise("{}: {} steps; give a positive number", schedule, steps);
}

// From a to b along a half cosine, for a share of the way in [0, 1].
double half_cosine(double a, double b, double share) { return b + (a - b) * (1 + math::cospi(share)) / 2; }

}  // namespace

double Schedule::operator()(int64_t step) const {
  const ContractFloatEnv env;
  return factor_(step);
}

Schedule constant() {
  return {[](int64_t) { return 1.0; }, "constant"};
}

Schedule step_decay(int64_t every, double gamma) {
  require_positive("step_decay", every);
  return {[=](int64_t step) { return power(gamma, step / every); }, fmt::format("step_decay({}, {})", every, gamma)};
}

Schedule cosine(int64_t steps, double floor) {
  require_positive("cosine", steps);
  const auto factor = [=](int64_t step) {
    if (step >= steps) return floor;
    return half_cosine(1, floor, static_cast<double>(step) / static_cast<double>(steps));
  };
  return {factor, fmt::format("cosine({}, {})", steps, floor)};
}

Schedule warm_up(int64_t steps, Schedule then, double start) {
  require_positive("warm_up", steps);
  std::string description = fmt::format("warm_up({}, {}, {})", steps, then.describe(), start);
  auto factor = [steps, then = std::move(then), start](int64_t step) {
    if (step >= steps) return then(step - steps);
    return start + (1 - start) * static_cast<double>(step) / static_cast<double>(steps);
  };
  return {std::move(factor), std::move(description)};
}

Schedule one_cycle(int64_t steps, const OneCycleOptions& o) {
  const ContractFloatEnv env;
  const double peak = o.rise * static_cast<double>(steps) - 1, last = static_cast<double>(steps) - 1;
  if (!(peak > 0 && peak < last)) {
    raise(
        "one_cycle: {} steps of which {} rise leave no room before or after the peak; give more steps, or another rise",
        steps, o.rise);
  }
  const auto factor = [o, peak, last](int64_t step) {
    const double at = static_cast<double>(step);
    if (at <= peak) return half_cosine(o.start, 1, at / peak);
    return at < last ? half_cosine(1, o.end, (at - peak) / (last - peak)) : o.end;
  };
  return {factor, fmt::format("one_cycle({}, {}, {}, {})", steps, o.rise, o.start, o.end)};
}

}  // namespace stet::optim
