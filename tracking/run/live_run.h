// The run of this process: what Run and its loops stand on.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "stet/tensor/device.h"
#include "stet/tensor/recorder.h"
#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/record/replay.h"
#include "stet/tracking/record/run_folder.h"
#include "stet/tracking/run/checkpointer.h"
#include "stet/tracking/run/digest_log.h"
#include "stet/tracking/run/event_sink.h"
#include "stet/tracking/run/finite_check.h"
#include "stet/tracking/run/loops.h"
#include "stet/tracking/run/parameters.h"
#include "stet/tracking/run/position.h"
#include "stet/tracking/run/progress.h"
#include "stet/tracking/run/record_builder.h"
#include "stet/tracking/run/resource_log.h"
#include "stet/tracking/run/run.h"
#include "stet/tracking/run/run_flags.h"
#include "stet/tracking/run/run_log.h"
#include "stet/tracking/run/state.h"
#include "stet/tracking/run/training_watch.h"

namespace stet::tracking {

/// Life of a run: parameters are declared; the set is closed by the first other call; `begin` makes the folder or, of a
/// run that is resumed, the next launch, as late as can be: at the first log or loop of a new run, and where the loop
/// is reached at which an older one left off. Until then the run is mute.
class LiveRun final : public Recorder {
 public:
  LiveRun(int argc, const char* const* argv, std::string program);
  ~LiveRun() override;

  Parameters& parameters() { return parameters_; }
  State& state() { return state_; }
  void set_policy(const CheckpointPolicy& policy);
  void describe(const RunDescription& description);
  /// Closes the set of parameters; prints --help and exits when it was asked for.
  void close();
  Device device() const { return flags_.device; }
  uint64_t seed() const { return flags_.seed; }
  int64_t steps() const { return now_.committed.step; }
  std::string folder() const { return held_ ? held_->folder.path().string() : ""; }

  // Loops. Their boundaries are the only places where a run digests, saves, stops or shows its state.
  LoopEntry enter(LoopKind kind, int64_t length, int64_t& index);
  void begin_iteration(LoopKind kind, BatchSize size);
  void commit(LoopKind kind, bool finished);
  void leave();
  /// An exception leaves a loop: its iteration is not committed.
  void abandon() noexcept;
  int64_t depth() const { return position_.depth(); }

  /// What the program logs goes here; null where it isn't heard. Closes the set of parameters.
  RunLog* log();
  void artifact(const Path& file);
  void summary(std::string_view name, Best best, const Context& context);
  void set_histograms(const HistogramPolicy& policy) { log_.set_histograms(policy); }
  void set_resources(double every_seconds);

  // Recorder.
  void dataset(const DatasetRecord& record) override { record_.add_dataset(record); }
  void changing(const Stateful& thing, const char* what) override;
  void loss(const Tensor& value) override;
  void training(const Stateful& optimizer, const std::vector<std::shared_ptr<CellState>>& parameters) override;
  void gradients(const Gradients& gradients) override;
  void gone(const Stateful& thing) noexcept override { state_.gone(thing); }

  // The end.
  void finish();
  /// The record when an exception that the program catches ends the run. It is the program's to tell of it.
  void left_by_exception();
  /// Ends the program: one line, the record marked failed, and the exit status; a new run that has not begun to train
  /// leaves nothing.
  [[noreturn]] void fail(const std::string& message, bool in_training) noexcept;
  /// The same of this process's run; nothing where there is none.
  static void fail_if_any(const std::string& message, bool in_training) noexcept;
  /// In a child that was forked: the run is the parent's. From here on it logs, saves and marks nothing.
  void leave_to_parent();
  /// The process ends by exit().
  void exited(int status) noexcept;

 private:
  void take_up_recorded();
  bool resumed() const { return record_.taken_over(); }
  bool mute() const { return parents_ || position_.seeking() || refusal_; }
  bool begun() const { return sink_.is_open(); }
  /// Unless it has begun.
  void begin();
  void note_as_own();
  void begin_log();
  void settle_source();
  void describe_state() { record_.describe_state(state_, parameters_); }
  void save_record();

  void start_fresh();
  void restore();
  void end_of_loops();
  std::vector<ScalarEntry> run_scalars() const;
  void log_digest();
  void write_checkpoint();
  void stop_if_asked();
  void go_to(Moment moment);
  void go_to_next_boundary(int64_t steps_done);
  FiniteCheck finite() const { return FiniteCheck(flags_.allow_nan); }

  [[noreturn]] void stop(const std::string& reason, int exit_code);
  // Lines that start with the program's name.
  void say(std::string_view line);
  void warn(std::string_view line);
  void warn_of_training();
  void warn_of_metrics();
  [[noreturn]] void fail_as_refused();
  void mark_end(record::End::Status status, int exit_code, const std::string& message);

  FileSystem& fs_;
  const std::string program_;
  const std::vector<std::string> argv_;
  Parameters parameters_;
  const std::optional<Replay> replay_;
  RunFlags flags_;
  State state_;
  Progress progress_;

  // On disk.
  std::optional<HeldRun> held_;
  RecordBuilder record_;
  EventSink sink_;
  DigestLog digests_;
  Checkpointer checkpoints_;
  std::optional<Checkpoint> restored_from_;  // until it has been restored

  // Where it is.
  Position position_;
  Instant now_;
  int64_t epochs_ = 0;
  bool training_ = false, ended_ = false;
  const std::thread::id thread_ = std::this_thread::get_id();
  bool parents_ = false;              // the process that this one was forked from has the run
  bool abandoned_ = false;            // an exception left the outermost loop
  bool torn_ = false;                 // since the last boundary, an exception left a pass half done
  bool held_against_record_ = false;  // data and hyperparameters of a run that is resumed
  std::exception_ptr refusal_;        // why a resume did not come about
  TrainingWatch training_watch_;

  // What it says. Last: a thread of it uses the rest.
  RunLog log_{now_, sink_, digests_, checkpoints_, [this] { begin(); }};
  ResourceLog resources_{sink_};
};

}  // namespace stet::tracking
