// The run of this process: what Run and its loops stand on.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "stet/tensor/device.h"
#include "stet/tensor/recorder.h"
#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/replay.h"
#include "stet/tracking/record/run_folder.h"
#include "stet/tracking/run/checkpoint_policy.h"
#include "stet/tracking/run/outbox.h"
#include "stet/tracking/run/output_log.h"
#include "stet/tracking/run/parameters.h"
#include "stet/tracking/run/position.h"
#include "stet/tracking/run/progress.h"
#include "stet/tracking/run/run.h"
#include "stet/tracking/run/state.h"

namespace stet::tracking {

/// Where a checkpoint keeps what tracked things reported of themselves.
inline constexpr std::string_view hyperparameter_prefix = "stet/hyperparameters/";

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
  /// Closes the set of parameters; prints --help and exits when it was asked for.
  void close();
  Device device() const { return device_; }
  uint64_t seed() const { return seed_; }
  int64_t steps() const { return steps_; }
  std::string folder() const { return held_ ? held_->folder.string() : ""; }

  // Loops: live_run_loop.cpp.
  LoopEntry enter(LoopKind kind, int64_t length, int64_t& index);
  void begin_iteration(BatchSize size);
  void commit(LoopKind kind, bool finished);
  void leave();
  /// An exception leaves a loop: its iteration is not committed.
  void abandon() noexcept;
  int64_t depth() const { return position_.depth(); }

  // The log: live_run_log.cpp.
  void log(std::string_view name, double value, const Context& context);
  /// A scalar of a device is read when it has arrived.
  void log(std::string_view name, const Tensor& value, const Context& context);
  void log_text(std::string_view name, std::string_view text);
  void log_image(std::string_view name, const Tensor& image);
  void artifact(const Path& file);

  // Recorder.
  void dataset(const DatasetRecord& record) override;
  void loss(const Tensor& value) override;

  // The end: live_run_end.cpp.
  void finish();
  /// The record when an exception that the program catches ends the run. It is the program's to tell of it.
  void left_by_exception();
  /// Ends the program: one line, the record marked failed, and the exit status; a new run that has not begun to train
  /// leaves nothing.
  [[noreturn]] void fail(const std::string& message, bool in_training) noexcept;

 private:
  // The start: live_run.cpp.
  void declare_flags();
  void open_recorded(const std::string& which);
  void end_if_finished(const Path& folder) const;
  void take_over_record();
  void settle_devices();
  void begin();
  void add_launch();
  void describe_parameters();
  void describe_state();
  bool mute() const { return position_.seeking(); }
  void require_same_hyperparameters(const Checkpoint* checkpoint) const;
  void require_same_data() const;

  // Boundaries: live_run_loop.cpp.
  void restore();
  void start_fresh();
  void end_of_loops();
  void choose_digest_interval();
  bool digest_due(bool step) const;
  bool checkpoint_due(bool step) const;
  void log_losses();
  void log_digest();
  void write_checkpoint();
  void mark_checkpoint();
  void delete_old_checkpoints();
  void note_metric(double value);
  void recall_checkpoints();
  void stop_if_asked();
  Moment now() const { return {static_cast<int64_t>(tick_), steps_}; }
  void go_to(Moment moment);
  void show_progress();

  void require_state_on_device() const;

  using Reads = std::vector<std::shared_ptr<PendingRead>>;
  void append(record::Event event, Reads reads = {}, std::function<void(record::Event&)> complete = {});
  void append_logged(record::Event event);
  void require_finite(std::string_view name, double value, int64_t step) const;
  std::shared_ptr<PendingRead> read_of(const Tensor& scalar) const;
  /// Hands on to the log what has arrived, or everything.
  void send();
  void drain();
  std::string first_failure(const std::string& message);
  int64_t step_now() const { return steps_ + (in_step_ ? 1 : 0); }
  [[noreturn]] void stop(const std::string& reason, int exit_code);
  void mark_end(record::End::Status status, int exit_code, const std::string& message);
  void save_record();
  void end_output();

  FileSystem& fs_;
  const std::string program_;
  const std::vector<std::string> argv_;
  Parameters parameters_;
  State state_;
  Position position_;
  std::optional<OutputLog> output_;
  Progress progress_;
  const std::optional<Replay> replay_;
  CheckpointPolicy policy_{.every_minutes = 1};

  // Flags.
  Path runs_;
  std::string name_, device_name_;
  uint64_t seed_ = 1;
  int threads_ = 0;
  int64_t max_steps_ = 0, checkpoint_every_ = 0;
  bool allow_nan_ = false;
  Device device_ = cpu;

  // What is on disk.
  record::RunRecord record_;
  std::optional<HeldRun> held_;
  std::unique_ptr<EventWriter> writer_;
  Outbox outbox_;
  std::optional<Outgoing> failed_;        // an event whose values, when they arrived, ended the run
  std::optional<Checkpoint> checkpoint_;  // to be restored
  bool resumed_ = false, begun_ = false, training_ = false, record_changed_ = false, ended_ = false;
  std::optional<LogPosition> resume_from_;
  std::vector<DatasetRecord> datasets_;

  // Where it is.
  int64_t steps_ = 0, epochs_ = 0;
  uint64_t tick_ = 0;
  bool in_step_ = false;
  bool abandoned_ = false;  // an exception left the outermost loop
  bool checkpoint_put_off_ = false;
  std::vector<LoopProgress> loops_;
  std::vector<LoopKind> open_kinds_;
  BatchSize batch_;

  // Digests.
  struct Loss {
    Tensor value;
    std::shared_ptr<PendingRead> read;
  };
  std::vector<Loss> losses_;  // of this step
  std::optional<double> last_loss_;
  int64_t digest_interval_ = 0;  // 0: not chosen yet
  int64_t work_before_step_ = 0;
  std::optional<uint64_t> digest_tick_, checkpoint_tick_;
  std::string root_;                     // hex, of digest_tick_
  std::vector<std::string> leaf_names_;  // as last logged in this segment

  // Checkpoints.
  std::map<int64_t, std::optional<double>> marks_;  // step and best_metric's value of each that is kept
  std::optional<double> best_metric_;               // latest value of the policy's metric
  std::optional<double> best_so_far_;
  bool best_due_ = false;  // the metric has improved: the next boundary saves the state that it was measured on
  std::chrono::steady_clock::time_point checkpoint_time_ = std::chrono::steady_clock::now();
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// The value, or the one NaN of messages and metrics: which sign and payload an operation gives differs between
/// machines.
double with_plain_nan(double value);

/// The run of this process, or null.
LiveRun* live_run();

/// Installs the terminate handler; `program` stands before its messages.
void install_terminate_handler(const std::string& program);

/// From here on SIGINT and SIGTERM are noted; a second one ends the process.
void watch_signals();
/// The signal that came, or 0.
int noted_signal();

}  // namespace stet::tracking
