// Learning-rate schedules: functions of the step number alone, so that a resumed run needs nothing but the number.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace stet::optim {

/// The factor by which an optimizer multiplies its learning rate at its step 0, 1, 2, …; computed in binary64, each
/// operation rounded on its own. The step throws UsageError on a factor that is negative or not finite.
class Schedule {
 public:
  /// A schedule of the user's own: `Schedule([](int64_t step) { return 1 / std::sqrt(1.0 + step); }, "root")`. The
  /// description is recorded and compared on resume, so name what the function depends on.
  Schedule(std::function<double(int64_t step)> factor, std::string description)
      : factor_(std::move(factor)), description_(std::move(description)) {}
  double operator()(int64_t step) const;
  const std::string& describe() const { return description_; }

 private:
  std::function<double(int64_t)> factor_;
  std::string description_;
};

/// 1.
Schedule constant();

/// gamma^floor(step / every).
Schedule step_decay(int64_t every, double gamma = 0.1);

/// floor + (1 - floor) (1 + cos(pi step / steps)) / 2, and floor after `steps` (Loshchilov and Hutter, 2017, arXiv
/// 1608.03983, one cycle).
Schedule cosine(int64_t steps, double floor = 0);

/// start + (1 - start) step / steps, then `then`, counted from there (Goyal et al., 2017, arXiv 1706.02677).
Schedule warm_up(int64_t steps, Schedule then = constant(), double start = 0);

/// gamma^(how many of the milestones are at most step). Throws UsageError unless they ascend.
Schedule multi_step(std::vector<int64_t> milestones, double gamma = 0.1);

/// gamma^step.
Schedule exponential(double gamma);

/// end + (1 - end) (1 - step / steps)^power, and end after `steps`.
Schedule polynomial(int64_t steps, double power = 1, double end = 0);

/// start + (end - start) step / steps, and end after `steps`.
Schedule linear(int64_t steps, double start, double end = 1);

/// cosine(first, floor) again and again (Loshchilov and Hutter, 2017, arXiv 1608.03983): each cycle is `factor` times
/// as long as the one before.
Schedule cosine_restarts(int64_t first, int64_t factor = 1, double floor = 0);

/// The product of all.
Schedule chained(std::vector<Schedule> schedules);

/// One after another: the next begins at its milestone, and counts its steps from there. Throws UsageError unless there
/// is a milestone less than there are schedules, and they ascend.
Schedule sequential(std::vector<Schedule> schedules, std::vector<int64_t> milestones);

struct OneCycleOptions {
  double rise = 0.3;        ///< share of the steps in which the rate rises
  double start = 1.0 / 25;  ///< first factor
  double end = 1.0 / 25e4;  ///< last factor
};

/// Rises from start to 1 and falls to end along half cosines, for a learning rate that is the highest one (Smith and
/// Topin, 2018, arXiv 1708.07120). The peak is at step rise * steps - 1. Momentum does not cycle. Throws UsageError
/// unless the peak lies after the first step and before the last.
Schedule one_cycle(int64_t steps, const OneCycleOptions& options = {});

}  // namespace stet::optim
