// When a run's checkpoints are due, how they come to disk, and which of them go.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/run/checkpoint_policy.h"
#include "stet/tracking/run/event_sink.h"
#include "stet/tracking/run/position.h"

namespace stet::tracking {

class Checkpointer {
 public:
  const CheckpointPolicy& policy() const { return policy_; }
  /// The program's wish. Throws UsageError on one that keeps none.
  void set_policy(const CheckpointPolicy& policy);
  /// --checkpoint-every, which overrides when a policy writes; 0: not given.
  void override_interval(int64_t steps);
  /// A resumed run's record holds against the program's wish.
  void take_over(const CheckpointPolicy& recorded);

  /// A metric without a context was logged.
  void note_metric(std::string_view name, double value);
  /// Was the policy's?
  bool knows_metric() const { return metric_.has_value(); }
  /// Is one due since this boundary or an older one?
  bool due(Instant at, bool step);
  /// What was due is being taken.
  void take_due() { due_ = best_due_ = false; }

  /// Syncs the log, writes the checkpoint with the log's end as its place, marks it in the log, and deletes those that
  /// the policy lets go. The sink has nothing that waits. Throws IoError.
  void write(FileSystem& fs, const Folder& run_folder, Checkpoint checkpoint, EventSink& sink);
  /// The mark of this boundary's checkpoint, flushed.
  void mark(Instant at, EventSink& sink) const;
  /// Was this boundary's written, or the run restored from it?
  bool covers(Instant at) const { return tick_ == at.tick(); }
  void set_restored(Instant at) { tick_ = at.tick(); }
  /// Of a resumed run: the checkpoints that are there, each with the metric's value when it was made. Throws IoError,
  /// and DataError on a damaged log.
  void recall(const Folder& run_folder, int64_t step);

 private:
  void set_best(double value);
  void delete_old(FileSystem& fs, const Folder& run_folder, int64_t step);

  using Clock = std::chrono::steady_clock;
  CheckpointPolicy policy_{.every_minutes = 1};
  bool taken_over_ = false;
  int64_t every_steps_ = 0;  // --checkpoint-every

  std::map<int64_t, std::optional<double>> marks_;  // step and metric of each checkpoint that is there
  std::optional<double> metric_, best_;             // latest and best value of the policy's metric
  bool best_due_ = false;  // it has improved: the next boundary saves the state that it was measured on
  bool due_ = false;       // and was put off
  std::optional<uint64_t> tick_;
  Clock::time_point written_ = Clock::now();
};

}  // namespace stet::tracking
