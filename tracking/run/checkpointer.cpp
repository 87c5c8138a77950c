#include "stet/tracking/run/checkpointer.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/events.h"

namespace stet::tracking {

void Checkpointer::set_policy(const CheckpointPolicy& policy) {
  if (policy.keep_last < 1) raise("checkpoint: keep_last is {}; at least the newest is kept", policy.keep_last);
  if (!taken_over_) policy_ = policy;
  override_interval(every_steps_);
}

void Checkpointer::override_interval(int64_t steps) {
  every_steps_ = steps;
  if (steps == 0) return;
  policy_.every_steps = steps;
  policy_.every_minutes = 0;
}

void Checkpointer::take_over(const CheckpointPolicy& recorded) {
  policy_ = recorded;
  taken_over_ = true;
}

void Checkpointer::note_metric(std::string_view name, double value) {
  if (name == policy_.best_metric) set_best(value);
}

void Checkpointer::set_best(double value) {
  metric_ = value;
  const bool better = !best_ || (policy_.best_is_highest ? value > *best_ : value < *best_);
  if (!better || std::isnan(value)) return;
  best_ = value;
  best_due_ = true;
}

bool Checkpointer::due(Instant at, bool step) {
  const std::chrono::duration<double> elapsed = Clock::now() - written_;
  due_ |= best_due_;
  due_ |= policy_.every_steps > 0 && step && at.committed.step % policy_.every_steps == 0;
  due_ |= policy_.every_minutes > 0 && elapsed.count() >= 60 * policy_.every_minutes;
  return due_;
}

void Checkpointer::write(FileSystem& fs, const Folder& run_folder, Checkpoint checkpoint, EventSink& sink) {
  const Instant at{{static_cast<int64_t>(checkpoint.tick), checkpoint.step}};
  checkpoint.log = sink.position();  // first: another thread may log, and what it adds lies behind
  sink.sync();
  const std::string bytes = encode(checkpoint);
  write_checkpoint(fs, run_folder, checkpoint.step, as_bytes(bytes));
  mark(at, sink);
  marks_[checkpoint.step] = metric_;
  tick_ = checkpoint.tick;
  delete_old(fs, run_folder, checkpoint.step);
  written_ = Clock::now();
}

void Checkpointer::mark(Instant at, EventSink& sink) const {
  record::Event event;
  event.mutable_session_log()->set_status(record::SessionLog::CHECKPOINT);
  event.mutable_session_log()->set_checkpoint_path(checkpoint_path({}, at.committed.step).string());
  sink.put(at, std::move(event));
  sink.flush();
}

void Checkpointer::recall(const Folder& run_folder, int64_t step) {
  if (!policy_.best_metric.empty()) {
    EventReader reader(run_folder);
    for (record::Event event; reader.next(event);) {
      for (const auto& value : event.summary().value()) {
        if (value.context().empty()) note_metric(metric_name(value), value.double_value());
      }
      if (event.session_log().status() == record::SessionLog::CHECKPOINT) marks_[event.step()] = metric_;
    }
  }
  std::map<int64_t, std::optional<double>> there;
  for (const CheckpointFile& file : list_checkpoints(run_folder)) there[file.step] = marks_[file.step];
  if (tick_) there[step] = metric_;
  marks_ = std::move(there);
  best_due_ = false;
}

// One of a later step is damaged, or it would have been restored: the newest is this step's.
void Checkpointer::delete_old(FileSystem& fs, const Folder& run_folder, int64_t step) {
  std::vector<CheckpointMark> marks;
  for (const auto& [at, metric] : marks_) {
    if (at <= step) marks.push_back({at, metric});
  }
  for (const int64_t old : to_delete(marks, policy_)) {
    remove_checkpoint(fs, run_folder, old);
    marks_.erase(old);
  }
}

}  // namespace stet::tracking
