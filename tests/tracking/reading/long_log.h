// Logs of many points, as tests make them.
#pragma once

#include <string>
#include <vector>

#include "stet/tracking/reading/log_view.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/record/file_system.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {

/// A run's folder with a record that says next to nothing.
inline Path make_run_folder(const Path& runs, const std::string& id, const std::string& best_metric = {}) {
  std::filesystem::create_directories(runs / id / "checkpoints");
  record::RunRecord record;
  record.set_id(id);
  record.set_name(id);
  record.set_program("train");
  record.set_created(1.7e9);
  record.mutable_checkpoints()->set_best_metric(best_metric);
  write_record(real_file_system(), Folder(runs / id), record);
  return runs / id;
}

/// Writes a segment; each event gets the time 1.7e9 + its tick.
class LogWriter {
 public:
  explicit LogWriter(const Path& run, std::optional<LogPosition> from = {}, int64_t next_step = 0)
      : writer_(real_file_system(), Folder(run), from, next_step) {}

  void add(int64_t step, record::Event event) {
    event.set_step(step);
    event.set_tick(static_cast<uint64_t>(++tick_));
    event.set_wall_time(1.7e9 + static_cast<double>(tick_));
    writer_.append(event);
  }
  /// Adds what a step logged, as the values of one event.
  struct Value {
    std::string name;
    double value = 0;
    MetricContext context = {};
  };
  void add(int64_t step, const std::vector<Value>& values) {
    record::Event event;
    for (const Value& v : values)
      *event.mutable_summary()->add_value() = scalar_event(v.name, v.value, v.context).summary().value(0);
    add(step, event);
  }
  LogPosition flush() {
    writer_.flush();
    return writer_.position();
  }

 private:
  EventWriter writer_;
  int64_t tick_ = 0;
};

}  // namespace stet::tracking
