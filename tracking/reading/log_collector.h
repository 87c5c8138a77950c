// Reading a log into values. Private to reading/.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "stet/tracking/reading/committed_steps.h"
#include "stet/tracking/reading/log_view.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"

namespace stet::tracking {

/// Adds events as they come; it can go on while the log grows.
class LogCollector {
 public:
  /// Opens the log of a run folder. `best_metric` is the metric whose value each checkpoint's mark gets. Throws
  /// DataError and IoError that name the file.
  explicit LogCollector(const Path& run, std::string best_metric = {})
      : reader_(run), best_metric_(std::move(best_metric)) {}
  /// Reads what there is. Throws as the constructor does.
  void read();
  const LogView& view() const { return view_; }
  /// Gives the view away: nothing is read afterwards.
  LogView take() { return std::move(view_); }

 private:
  void add(const record::Event& event);
  void add_values(const record::Event& event);
  void add_metric(const record::Event& event, const record::Summary::Value& value);
  void add_medium(const record::Event& event, const record::Summary::Value& value);
  void add_mark(const record::Event& event);
  void add_digests(const record::Event& event);
  template <class Logged> void put(std::map<uint64_t, Logged>& all, uint64_t tick, const Logged& logged);

  EventReader reader_;
  std::string best_metric_;
  std::optional<double> best_metric_value_;  // the latest
  LogView view_;
  CommittedSteps committed_;
  SharedNames names_;  // of tensors: state digests name them only when they change
};

}  // namespace stet::tracking
