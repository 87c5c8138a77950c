#include "stet/tracking/run/resource_log.h"

#include <string>

#include "stet/tensor/error.h"
#include "stet/tracking/record/events.h"

namespace stet::tracking {

void ResourceLog::set_interval(double seconds) {
  if (!(seconds >= 0 && seconds < 1e6)) raise("resources: every {} seconds; 0 is never", seconds);
  every_ = seconds;
}

void ResourceLog::start(const Folder& run) {
  if (every_ <= 0 || monitor_) return;
  const auto log = [this](const Readings& readings) {
    std::string values;
    for (const auto& [name, value] : readings) ScalarForm(name, {}, false).append(values, value);
    sink_.put_apart({step_, static_cast<uint64_t>(tick_)}, values);
  };
  monitor_ = std::make_unique<ResourceMonitor>(run, std::chrono::duration<double>(every_), log);
}

void ResourceLog::set_boundary(Moment moment) {
  step_ = moment.step;
  tick_ = moment.tick;
}

void ResourceLog::log_time_left(Instant now, const Progress& progress) {
  static const ScalarForm form("system/seconds_left", {}, false);
  if (!monitor_ || !monitor_->take_due()) return;
  if (const auto seconds = progress.seconds_left()) sink_.put_scalar(now, form, *seconds);
}

}  // namespace stet::tracking
