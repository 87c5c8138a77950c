// A machine's readings in the log of a run.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "stet/tracking/run/event_sink.h"
#include "stet/tracking/run/position.h"
#include "stet/tracking/run/progress.h"
#include "stet/tracking/run/resource_monitor.h"

namespace stet::tracking {

/// Readings say when they were taken by the boundary that was behind; no digest and no comparison has them.
class ResourceLog {
 public:
  /// The sink outlives this.
  explicit ResourceLog(EventSink& sink) : sink_(sink) {}

  /// Every so often; 0: never. Throws UsageError on what is no time.
  void set_interval(double seconds);
  /// Begins, once; the sink is open.
  void start(const Folder& run);
  /// A boundary lies behind.
  void set_boundary(Moment moment);
  /// After readings: when the loops will have ended, as far as it can be told.
  void log_time_left(Instant now, const Progress& progress);
  /// Returns when no more readings come.
  void stop() { monitor_.reset(); }
  /// In a child that was forked: the monitor's thread is the parent's.
  void leave_to_parent() { static_cast<void>(monitor_.release()); }

 private:
  EventSink& sink_;
  double every_ = 5;                          // seconds
  std::atomic<int64_t> step_{0}, tick_{0};    // of the boundary
  std::unique_ptr<ResourceMonitor> monitor_;  // last: its thread uses the rest
};

}  // namespace stet::tracking
