#include "stet/tracking/run/live_run.h"

#include <pthread.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <limits>
#include <memory>
#include <utility>

#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/parallel.h"
#include "stet/tensor/sha256.h"
#include "stet/tensor/simd/isa.h"
#include "stet/tracking/capture/own_runs.h"
#include "stet/tracking/record/checkpoint_digest.h"
#include "stet/tracking/record/restart_point.h"
#include "stet/tracking/record/text.h"
#include "stet/tracking/run/artifacts.h"
#include "stet/tracking/run/process_end.h"
#include "stet/tracking/run/resume.h"

namespace stet::tracking {
namespace {

LiveRun* the_run = nullptr;

void watch_forks() {
  [[maybe_unused]] static const int once = ::pthread_atfork(nullptr, nullptr, [] {
    if (the_run) the_run->leave_to_parent();
  });
}

void watch_exit() {
  [[maybe_unused]] static const int once = [] {
    static_cast<void>(sha256_hex(""));  // handlers run last first: what ends OpenSSL is there before
    return ::on_exit(
        [](int status, void*) {
          if (the_run) the_run->exited(status);
        },
        nullptr);
  }();
}

std::set<uint64_t> digest_ticks(const std::optional<Replay>& replay) {
  return replay ? replay->digest_ticks : std::set<uint64_t>();
}

[[noreturn]] void print_and_exit(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
  std::_Exit(0);
}

}  // namespace

// The start.

LiveRun::LiveRun(int argc, const char* const* argv, std::string program)
    : fs_(file_system()),
      program_(std::move(program)),
      argv_(argv, argv + argc),
      parameters_(argc, argv),
      replay_(Replay::from_environment()),
      digests_(digest_ticks(replay_)) {
  if (the_run) raise("Run: there is one already; a program has one at a time");
  require_utf8("Run", "the program's name", program_);
  flags_.read_place(parameters_);
  progress_.set_quiet(flags_.quiet);
  if (!flags_.resume.empty() && !parameters_.help()) take_up_recorded();
  flags_.read_rest(parameters_);
  log_.allow_nan(flags_.allow_nan);
  checkpoints_.override_interval(flags_.checkpoint_every);
  install_recorder(this);
  set_tick(0);
  the_run = this;
  watch_forks();
  watch_exit();
}

LiveRun::~LiveRun() {
  if (begun() && !parents_) forget_signals();
  install_recorder(nullptr);
  the_run = nullptr;
}

void LiveRun::set_policy(const CheckpointPolicy& policy) {
  if (begun()) raise("checkpoint: the run has begun; set the policy before the loop");
  require_utf8("checkpoint", "the metric's name", policy.best_metric);
  checkpoints_.set_policy(policy);
}

void LiveRun::set_resources(double every_seconds) {
  if (begun()) raise("resources: the run has begun; say how often before the loop");
  resources_.set_interval(every_seconds);
}

void LiveRun::describe(const RunDescription& description) {
  check(description);
  if (parents_ || (resumed() && !begun())) return;
  record_.describe(description);
  if (begun()) record_.describe(flags_.description);  // which override it
}

// The newest whole checkpoint, and the record's values for the parameters.
void LiveRun::take_up_recorded() {
  RecordedRun run = open_recorded(fs_, flags_.runs, flags_.resume, program_);
  if (!run.held) {
    print_and_exit(
        printable(fmt::format("{}: run {} has finished; there is nothing to resume", program_, run.record.id())) +
        "\n");
  }
  held_ = std::move(run.held);
  flags_.runs = held_->folder.path().parent_path();
  RestartPoint point = find_restart_point(held_->folder);
  for (const auto& why : point.passed_over) warn("passed over: " + why);
  parameters_.set_record(run.record.id(), recorded_parameters(run.record));
  checkpoints_.take_over(policy_of(run.record));
  record_.take_over(std::move(run.record));
  restored_from_ = std::move(point.checkpoint);
  if (!restored_from_) return;
  try {
    const RunScalars scalars = run_scalars_of(*restored_from_);
    position_.seek(scalars.position);
    epochs_ = scalars.epochs;
    digests_.set_interval(scalars.digest_interval);
  } catch (const DataError& e) {
    const Path file = checkpoint_path(held_->folder.path(), restored_from_->step);
    raise<DataError>("{}: {}", file.string(), e.what());
  }
}

void LiveRun::close() {
  if (parameters_.closed()) return;
  flags_.read_description(parameters_);
  if (parameters_.help()) print_and_exit(parameters_.help_text(program_));
  parameters_.close();
  set_threads(flags_.threads);
  settle_isa();
  backend(flags_.device);  // throws where there is none
  state_.set_device(flags_.device);
}

void LiveRun::say(std::string_view line) { progress_.say(fmt::format("{}: {}", program_, line)); }
void LiveRun::warn(std::string_view line) { progress_.warn(fmt::format("{}: {}", program_, line)); }

// The folder or the next launch, and the log's segment. A failure before it is done leaves a run that is resumed as it
// was, but for a launch without an end.
void LiveRun::begin() {
  if (begun()) return;
  close();
  record_.read_source(flags_.runs);
  record_.describe_program(program_, flags_, parameters_, checkpoints_.policy());
  record_.add_launch(now_, flags_.device, argv_);
  if (!held_) held_ = record_.make_folder(fs_, flags_.runs);
  record_.keep_program(fs_, flags_.runs);
  note_as_own();
  save_record();
  begin_log();
  if (!replay_) progress_.open_output(held_->folder / "output.log");
  if (!held_->lock.warning().empty()) progress_.warn(held_->lock.warning());
  if (resumed()) {
    checkpoints_.recall(held_->folder, steps());
    log_.recall(held_->folder);
  }
  if (!replay_) resources_.start(held_->folder);
  say(fmt::format("run {}{}", held_->folder.path().string(), resumed() ? fmt::format(", from step {}", steps()) : ""));
}

// So that `stet resume` and `stet verify` know it for this user's.
void LiveRun::note_as_own() {
  if (replay_) return;
  try {
    note_own_run(record_.record());
  } catch (const IoError& e) {
    warn(fmt::format("{}; `stet resume` and `stet verify` will ask for --trust", e.what()));
  }
}

// The program's source is read beside the first step; what is committed has it.
void LiveRun::settle_source() {
  if (!record_.keep_source(fs_, held_->folder)) return;
  save_record();
  for (const std::string& note : record_.notes()) warn(note + "; what is uncommitted is not in the record");
}

void LiveRun::begin_log() {
  std::optional<LogPosition> resume_from;
  if (!list_segments(held_->folder).empty()) resume_from = restored_from_ ? restored_from_->log : LogPosition{};
  sink_.open(std::make_unique<EventWriter>(fs_, held_->folder, resume_from, steps() + 1));
}

void LiveRun::save_record() {
  record_.set_digest_interval(digests_.interval());
  record_.set_summaries(log_.summaries());
  record_.save(fs_, held_->folder);
}

// Loops and their boundaries.

LoopEntry LiveRun::enter(LoopKind kind, int64_t length, int64_t& index) try {
  if (refusal_) std::rethrow_exception(refusal_);
  close();
  if (parents_ && position_.depth() == 0)
    warn("trains without a record: the process that it was forked from has the run");
  index = 0;
  const Position::Entry entry = position_.enter();
  const bool goes_on = entry == Position::Entry::enclosing || entry == Position::Entry::reached;
  progress_.enter_loop({kind == LoopKind::epochs, position_.index(), length});
  if (goes_on && position_.index() > std::max<int64_t>(length, 0)) {
    require_same_data(record_.record(), record_.datasets());  // other data give a loop another length
    raise(
        "resume: this program's loops are not those of the run: the loop where it left off had {} behind it, and here "
        "comes one of {}; what decides which loop comes must be tracked or Kept",
        counted(position_.index(), "iteration"), length);
  }
  switch (entry) {
    case Position::Entry::skipped: go_to(position_.moment()); return LoopEntry::empty;
    case Position::Entry::fresh:
      if (position_.depth() == 1) abandoned_ = false;
      if (!parents_ && (!begun() || position_.depth() == 1)) start_fresh();
      return LoopEntry::fresh;
    case Position::Entry::enclosing:
      // What the code between the loops reads is already as it was, as far as it exists; restore() sets the rest.
      state_.restore_what_fits(*restored_from_);
      go_to(position_.moment());
      index = position_.index();
      return LoopEntry::enclosing;
    case Position::Entry::reached: break;
  }
  restore();
  index = position_.index();
  return position_.finished() ? LoopEntry::empty : LoopEntry::restored;
} catch (...) {
  // A program that catches it and tries again would train anew in the record that it was refused.
  if (resumed() && !begun()) refusal_ = std::current_exception();
  throw;
}

void LiveRun::go_to(Moment moment) {
  now_.committed = moment;
  resources_.set_boundary(moment);
  set_tick(static_cast<uint32_t>(moment.tick));
}

void LiveRun::go_to_next_boundary(int64_t steps_done) {
  if (now_.tick() >= std::numeric_limits<uint32_t>::max())
    raise("step {}: a run has at most 2^32 - 1 boundaries", steps());
  go_to({now_.committed.tick + 1, steps() + steps_done});
  torn_ = false;
}

void LiveRun::start_fresh() {
  if (resumed() && !held_against_record_) {
    require_same_data(record_.record(), record_.datasets());
    require_same_hyperparameters(record_.record(), nullptr, state_.reported());
    held_against_record_ = true;
  }
  state_.require_on_device();
  describe_state();
  begin();
  // A boundary has one digest: loops without iterations may have stood at it before.
  if (now_.committed.tick != 0 || digests_.covers(now_)) return;
  log_digest();
  watch_signals();
}

// The state of the boundary where the run left off; from here on it is not mute.
void LiveRun::restore() {
  require_same_data(record_.record(), record_.datasets());  // first: other data may give tensors other shapes
  state_.require_on_device();
  state_.restore(*restored_from_);
  require_same_hyperparameters(record_.record(), &*restored_from_, state_.reported());
  held_against_record_ = true;
  go_to({static_cast<int64_t>(restored_from_->tick), restored_from_->step});
  digests_.set_restored(now_);
  checkpoints_.set_restored(now_);
  if (flags_.max_steps > 0 && steps() >= flags_.max_steps) {
    say(fmt::format("run {} is at step {} already", record_.id(), steps()));
    flush_all();
    std::_Exit(0);
  }
  digests_.forget_losses();
  if (parents_) return;
  describe_state();
  begin();
  restored_from_.reset();
  checkpoints_.mark(now_, sink_);  // the one in the older segment lies behind where this one goes on
  watch_signals();
}

void LiveRun::begin_iteration(LoopKind kind, BatchSize size) {
  position_.begin_iteration(now_.committed);
  if (mute()) return;
  training_watch_.begin_iteration();
  progress_.begin_iteration(size.items, size.images);
  now_.in_step = kind == LoopKind::steps;
  training_ = true;
  digests_.begin_step();
}

// After a break out of an inner loop nothing is saved before the next boundary: it may be a return, which leaves all
// loops, and a run that went on from here would stay in the outer ones. A pass of an epochs loop that holds no loop is
// a step.
void LiveRun::commit(LoopKind kind, bool finished) {
  const bool step = kind == LoopKind::steps || (!finished && !position_.holds_loops());
  const bool may_be_return = finished && position_.depth() > 1;
  if (step && !mute()) log_.weights(state_);
  if (step && kind == LoopKind::epochs) training_watch_.count_pass_as_step();
  position_.commit(finished);
  go_to_next_boundary(step ? 1 : 0);
  now_.in_step = false;
  if (kind == LoopKind::epochs) ++epochs_;
  if (parents_) return;
  settle_source();
  sink_.forget_failure();
  digests_.log_losses(sink_, now_, finite());
  if (step) digests_.end_step(state_);
  if (digests_.due(now_, step)) log_digest();
  sink_.catch_up(now_);
  if (record_.changed()) {
    describe_state();
    save_record();
  }
  const bool save = !replay_ && checkpoints_.due(now_, step);
  resources_.log_time_left(now_, progress_);
  if (save && !may_be_return) write_checkpoint();
  else sink_.boundary();
  if (!may_be_return) stop_if_asked();
  progress_.commit(position_.index(), digests_.last_loss());
}

void LiveRun::leave() {
  try {
    if (position_.depth() == 1 && begun() && !mute()) end_of_loops();
  } catch (...) {
    abandon();
    throw;
  }
  progress_.leave_loop();
  position_.leave(now_.committed);
}

void LiveRun::abandon() noexcept {
  progress_.leave_loop();
  position_.leave(now_.committed);
  digests_.forget_losses();
  now_.in_step = false;
  abandoned_ = position_.depth() == 0;
  torn_ = true;
}

// The last state that is sure to exist: what is tracked may be gone when the run ends. Where an exception left a pass
// half done, and no pass came after it, it is not that of the boundary before and gets one: whether or not that was
// digested, as a replay digests more and counts the same.
void LiveRun::end_of_loops() {
  sink_.drain();
  const bool is_boundary = torn_;
  if (is_boundary) go_to_next_boundary(0);
  if (!digests_.covers(now_) || digests_.root().empty()) log_digest();
  if (!checkpoints_.covers(now_)) write_checkpoint();
  if (is_boundary) stop_if_asked();
}

std::vector<ScalarEntry> LiveRun::run_scalars() const {
  return to_scalars({position_.to_text(), epochs_, digests_.interval()}, state_.reported());
}

void LiveRun::log_digest() { digests_.log_state(sink_, now_, state_, run_digest(run_scalars())); }

void LiveRun::write_checkpoint() {
  checkpoints_.take_due();
  sink_.drain();
  if (state_.empty()) return sink_.boundary();
  Checkpoint checkpoint{.step = steps(), .tick = now_.tick(), .log = {}, .tensors = {}, .scalars = {}, .aliases = {}};
  state_.save(checkpoint);
  finite().parameters(checkpoint);
  if (!digests_.covers(now_)) log_digest();
  sink_.drain();
  for (auto& own : run_scalars()) checkpoint.scalars.push_back(std::move(own));
  checkpoints_.write(fs_, held_->folder, std::move(checkpoint), sink_);
}

void LiveRun::stop_if_asked() {
  if (const int signal = noted_signal()) stop(name_of_signal(signal), 130);
  if (flags_.max_steps > 0 && steps() >= flags_.max_steps) stop("max-steps", 0);
  // Where a return may lie behind it the boundary asked for is passed over: the next one will do.
  if (replay_ && replay_->stop_tick && now_.tick() >= *replay_->stop_tick) stop("max-steps", 0);
}

// What the training announces.

void LiveRun::loss(const Tensor& value) {
  if (!mute()) digests_.add_loss(value);
}

void LiveRun::training(const Stateful& optimizer, const std::vector<std::shared_ptr<CellState>>& parameters) {
  if (mute()) return;
  if (training_watch_.step(optimizer, parameters, position_.depth()))
    state_.require_tracked(now_.step(), optimizer, parameters);
}

void LiveRun::gradients(const Gradients& gradients) {
  if (mute() || position_.depth() == 0) return;
  if (gradients.tick() < now_.tick()) training_watch_.add_older_gradients();
  log_.gradients(state_, gradients);
}

void LiveRun::changing(const Stateful& thing, const char* what) {
  if (mute() || position_.depth() == 0 || !training_watch_.is_new(thing) || state_.holds(thing)) return;
  raise(
      "step {}: {} changes and is not tracked, so that a resumed run would not have it; name it before the loop, as "
      "in run.track(\"name\", it)",
      now_.step(), what);
}

// What the program logs.

RunLog* LiveRun::log() {
  close();
  return mute() ? nullptr : &log_;
}

void LiveRun::artifact(const Path& file) {
  close();
  if (mute()) return;
  check_artifact_name(file);
  begin();
  keep_artifact(fs_, held_->folder, file);
}

void LiveRun::summary(std::string_view name, Best best, const Context& context) {
  close();
  if (depth() > 0)
    raise("summary: '{}' is asked for within a loop, where a resumed run could not; ask before the loop", name);
  log_.summarize(name, best, context);
}

// The process.

void LiveRun::leave_to_parent() {
  parents_ = true;
  resources_.leave_to_parent();
  sink_.leave_to_parent();
  record_.leave_to_parent();
  progress_.leave_to_parent();
  forget_signals();
}

void LiveRun::fail_if_any(const std::string& message, bool in_training) noexcept {
  if (the_run) the_run->fail(message, in_training);
}

}  // namespace stet::tracking
