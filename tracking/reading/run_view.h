// A run as `stet` shows it: its record, and what its log adds up to.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {

using Json = nlohmann::ordered_json;

struct MetricSummary {
  double last = 0, min = 0, max = 0;
  int64_t step = 0;  ///< of the last
  int64_t count = 0;
};
/// Equal to the bit.
bool same(const MetricSummary& a, const MetricSummary& b);

/// State digests name their tensors only when the names change.
struct LoggedState {
  std::string root;  ///< hex
  std::vector<std::string> names;
  std::vector<uint32_t> leaves;
  int64_t step = 0;
};

struct LoggedLosses {
  std::vector<uint64_t> bits;
  int64_t step = 0;
};

/// The effective log, by tick where that identifies an event.
struct LogView {
  std::map<std::string, MetricSummary> metrics;
  std::map<uint64_t, LoggedLosses> losses;
  std::map<uint64_t, LoggedState> states;
  std::set<uint64_t> checkpoint_ticks;
  int64_t steps = 0;       ///< committed
  uint64_t last_tick = 0;  ///< of a digest
};

/// Names of the metrics that the two logs don't agree on.
std::vector<std::string> other_metrics(const LogView& a, const LogView& b);

/// Adds events as they come; it can go on while the log grows.
class LogCollector {
 public:
  explicit LogCollector(const Path& run) : reader_(run) {}
  /// Reads what there is.
  void read();
  const LogView& view() const { return view_; }

 private:
  void add(const record::Event& event);
  EventReader reader_;
  LogView view_;
  std::vector<std::string> names_;
};

struct RunView {
  Path folder;
  record::RunRecord record;
  RunStatus status;
  LogView log;

  explicit RunView(const Path& run);
  int64_t steps() const;
  /// Of the final state, or of the last that was digested; empty when none was.
  std::string digest() const;
  /// What `stet show --json` prints, or the shorter form of `stet ls --json`.
  Json to_json(bool full) const;
};

/// NaN and infinities as strings, which JSON has no numbers for.
Json number(double value);

}  // namespace stet::tracking
