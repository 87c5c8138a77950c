#include "stet/optim/schedule.h"

#include <algorithm>
#include <limits>

#include "stet/optim/power.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/math/elementary.h"

namespace stet::optim {

namespace {

void require_positive(const char* schedule, int64_t steps) {
  if (steps <= 0) raise("{}: {} steps; give a positive number", schedule, steps);
}

void require_ascending(const char* schedule, const std::vector<int64_t>& milestones) {
  if (milestones.empty() || milestones.front() < 0 || !std::is_sorted(milestones.begin(), milestones.end())) {
    raise("{}: milestones [{}] are not step numbers in ascending order", schedule, fmt::join(milestones, ", "));
  }
}

std::string descriptions(const std::vector<Schedule>& schedules) {
  std::string all;
  for (const Schedule& s : schedules) all += (all.empty() ? "" : ", ") + s.describe();
  return all;
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

Schedule multi_step(std::vector<int64_t> milestones, double gamma) {
  require_ascending("multi_step", milestones);
  std::string description = fmt::format("multi_step([{}], {})", fmt::join(milestones, ", "), gamma);
  auto factor = [milestones = std::move(milestones), gamma](int64_t step) {
    return power(gamma, std::upper_bound(milestones.begin(), milestones.end(), step) - milestones.begin());
  };
  return {std::move(factor), std::move(description)};
}

Schedule exponential(double gamma) {
  return {[=](int64_t step) { return power(gamma, step); }, fmt::format("exponential({})", gamma)};
}

Schedule polynomial(int64_t steps, double exponent, double end) {
  require_positive("polynomial", steps);
  if (!(exponent > 0)) raise("polynomial: power {} must be positive", exponent);
  const auto factor = [=](int64_t step) {
    if (step >= steps) return end;
    const double rest = 1 - static_cast<double>(step) / static_cast<double>(steps);
    return end + (1 - end) * math::pow(rest, exponent);
  };
  return {factor, fmt::format("polynomial({}, {}, {})", steps, exponent, end)};
}

Schedule linear(int64_t steps, double start, double end) {
  require_positive("linear", steps);
  const auto factor = [=](int64_t step) {
    return step >= steps ? end : start + (end - start) * static_cast<double>(step) / static_cast<double>(steps);
  };
  return {factor, fmt::format("linear({}, {}, {})", steps, start, end)};
}

Schedule cosine_restarts(int64_t first, int64_t factor, double floor) {
  require_positive("cosine_restarts", first);
  if (factor < 1) raise("cosine_restarts: the factor {} is below 1", factor);
  const auto value = [=](int64_t step) {
    int64_t length = first;
    if (factor == 1) step %= length;
    while (step >= length) {
      step -= length;
      // The last one has no end.
      if (__builtin_mul_overflow(length, factor, &length)) length = std::numeric_limits<int64_t>::max();
    }
    return half_cosine(1, floor, static_cast<double>(step) / static_cast<double>(length));
  };
  return {value, fmt::format("cosine_restarts({}, {}, {})", first, factor, floor)};
}

Schedule chained(std::vector<Schedule> schedules) {
  if (schedules.empty()) raise("chained: there is no schedule");
  std::string description = fmt::format("chained({})", descriptions(schedules));
  auto factor = [schedules = std::move(schedules)](int64_t step) {
    double product = schedules.front()(step);
    for (size_t i = 1; i < schedules.size(); ++i) product *= schedules[i](step);
    return product;
  };
  return {std::move(factor), std::move(description)};
}

Schedule sequential(std::vector<Schedule> schedules, std::vector<int64_t> milestones) {
  if (schedules.size() != milestones.size() + 1)
    raise("sequential: {} milestones between {} schedules", milestones.size(), schedules.size());
  if (!milestones.empty()) require_ascending("sequential", milestones);
  std::string description = fmt::format("sequential({}; {})", descriptions(schedules), fmt::join(milestones, ", "));
  auto factor = [schedules = std::move(schedules), milestones = std::move(milestones)](int64_t step) {
    const auto at = std::upper_bound(milestones.begin(), milestones.end(), step) - milestones.begin();
    return schedules[static_cast<size_t>(at)](at == 0 ? step : step - milestones[static_cast<size_t>(at - 1)]);
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
