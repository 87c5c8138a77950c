// Loops and their boundaries: the only places where a run digests, saves, stops or shows its state.
#include <algorithm>
#include <cmath>
#include <csignal>
#include <limits>

#include "stet/tensor/error.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/work.h"
#include "stet/tracking/run/live_run.h"

namespace stet::tracking {

LoopEntry LiveRun::enter(LoopKind kind, int64_t length, int64_t& index) {
  close();
  index = 0;
  const Position::Entry entry = position_.enter();
  loops_.push_back({kind == LoopKind::epochs, position_.index(), length});
  switch (entry) {
    case Position::Entry::skipped: go_to(position_.moment()); return LoopEntry::empty;
    case Position::Entry::fresh:
      if (position_.depth() == 1) abandoned_ = false;
      if (!begun_ || position_.depth() == 1) start_fresh();
      return LoopEntry::fresh;
    case Position::Entry::enclosing:
      // What the code between the loops reads is already as it was, as far as it exists; restore() sets the rest.
      state_.restore_what_fits(*checkpoint_);
      go_to(position_.moment());
      index = position_.index();
      return LoopEntry::enclosing;
    case Position::Entry::reached: break;
  }
  restore();
  index = position_.index();
  return position_.finished() ? LoopEntry::empty : LoopEntry::restored;
}

void LiveRun::go_to(Moment moment) {
  steps_ = moment.step;
  tick_ = static_cast<uint64_t>(moment.tick);
  set_tick(static_cast<uint32_t>(tick_));
}

void LiveRun::start_fresh() {
  if (resumed_ && !training_) {
    require_same_data();
    require_same_hyperparameters(nullptr);
  }
  require_state_on_device();
  describe_state();
  record_changed_ = true;
  if (!begun_) begin();
  if (tick_ != 0) return;
  log_digest();
  watch_signals();
}

// A program that says nothing of run.device() would train on the CPU, and the record would name another device.
void LiveRun::require_state_on_device() const {
  if (device_ == cpu || state_.parameter_count() == 0 || state_.is_on(device_)) return;
  raise("--device {}: no parameter that is tracked is there; the program must move them, as in to(net, run.device())",
        device_.to_string());
}

// The state of the boundary where the run left off; from here on it is not mute.
void LiveRun::restore() {
  require_same_data();  // first: other data may give tensors other shapes
  require_state_on_device();
  state_.restore(*checkpoint_);
  require_same_hyperparameters(&*checkpoint_);
  go_to({static_cast<int64_t>(checkpoint_->tick), checkpoint_->step});
  digest_tick_ = checkpoint_tick_ = tick_;
  checkpoint_.reset();
  if (max_steps_ > 0 && steps_ >= max_steps_) {
    progress_.say(fmt::format("{}: run {} is at step {} already", program_, record_.id(), steps_));
    std::_Exit(0);
  }
  losses_.clear();
  describe_state();
  begin();
  mark_checkpoint();  // the one in the older segment lies behind where this one goes on
  watch_signals();
}

void LiveRun::begin_iteration(BatchSize size) {
  position_.begin_iteration(now());
  if (mute()) return;
  batch_ = size;
  in_step_ = !loops_.back().epochs;
  training_ = true;
  work_before_step_ = work_done();
}

// After a break out of an inner loop nothing is saved before the next boundary: it may be a return, which leaves all
// loops, and a run that went on from here would stay in the outer ones. A pass of an epochs loop that holds no loop is
// a step.
void LiveRun::commit(LoopKind kind, bool finished) {
  const bool step = kind == LoopKind::steps || (!finished && !position_.holds_loops());
  const bool may_be_return = finished && position_.depth() > 1;
  position_.commit(finished);
  if (tick_ >= std::numeric_limits<uint32_t>::max()) raise("step {}: a run has at most 2^32 - 1 boundaries", steps_);
  set_tick(static_cast<uint32_t>(++tick_));
  in_step_ = false;
  if (step) ++steps_;
  if (kind == LoopKind::epochs) ++epochs_;
  loops_.back().done = position_.index();
  failed_.reset();
  log_losses();
  if (step && digest_interval_ == 0) choose_digest_interval();
  if (digest_due(step)) log_digest();
  send();
  if (record_changed_) {
    describe_state();
    save_record();
  }
  checkpoint_put_off_ |= checkpoint_due(step);
  if (checkpoint_put_off_ && !may_be_return) write_checkpoint();
  else writer_->flush();
  if (!may_be_return) stop_if_asked();
  if (kind == LoopKind::steps) progress_.update(loops_, last_loss_, batch_.items, batch_.images);
}

void LiveRun::leave() {
  if (position_.depth() == 1 && begun_ && !mute()) end_of_loops();
  loops_.pop_back();
  position_.leave(now());
}

void LiveRun::abandon() noexcept {
  loops_.pop_back();
  position_.leave(now());
  losses_.clear();
  in_step_ = false;
  abandoned_ = position_.depth() == 0;
}

// The last state that is sure to exist: what is tracked may be gone when the run ends.
void LiveRun::end_of_loops() {
  drain();
  if (digest_tick_ != tick_ || root_.empty()) log_digest();
  if (checkpoint_tick_ != tick_) write_checkpoint();
}

// Of tensor bytes and arithmetic alone, so that every machine chooses the same: digesting costs less than a hundredth
// of the steps between. A byte is reckoned as 16 multiply-adds.
void LiveRun::choose_digest_interval() {
  const int64_t work = std::max<int64_t>(work_done() - work_before_step_, 1);
  digest_interval_ = std::max<int64_t>(1, (state_.bytes() * 16 * 100 + work - 1) / work);
}

bool LiveRun::digest_due(bool step) const {
  if (replay_) return replay_->digest_ticks.contains(tick_);
  return step && steps_ % digest_interval_ == 0;
}

bool LiveRun::checkpoint_due(bool step) const {
  if (replay_) return false;
  if (best_due_) return true;
  if (policy_.every_steps > 0 && step && steps_ % policy_.every_steps == 0) return true;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - checkpoint_time_;
  return policy_.every_minutes > 0 && elapsed.count() >= 60 * policy_.every_minutes;
}

void LiveRun::write_checkpoint() {
  best_due_ = checkpoint_put_off_ = false;
  drain();
  if (state_.empty()) return writer_->flush();
  Checkpoint checkpoint{.step = steps_, .tick = tick_, .log = {}, .tensors = {}, .scalars = {}, .aliases = {}};
  state_.save(checkpoint);
  if (const std::string name = allow_nan_ ? "" : non_finite_parameter(checkpoint); !name.empty()) {
    raise<TrainingError>("step {}: {} holds a NaN or an infinity; lower the learning rate, or go on with --allow-nan",
                         steps_, name);
  }
  if (digest_tick_ != tick_) log_digest();
  drain();
  writer_->sync();
  checkpoint.log = writer_->position();
  checkpoint.scalars.push_back({"stet/position", position_.to_text()});
  checkpoint.scalars.push_back({"stet/epochs", epochs_});
  checkpoint.scalars.push_back({"stet/digest_interval", digest_interval_});
  for (const Reported& r : state_.reported()) {
    if (r.execution) continue;
    const auto store = [&](const auto& value) {
      checkpoint.scalars.push_back({std::string(hyperparameter_prefix) + r.path, value});
    };
    std::visit(store, r.value);
  }
  const std::string bytes = encode(checkpoint);
  tracking::write_checkpoint(fs_, held_->folder, steps_, as_bytes(bytes));
  mark_checkpoint();
  marks_[steps_] = best_metric_;
  checkpoint_tick_ = tick_;
  delete_old_checkpoints();
  checkpoint_time_ = std::chrono::steady_clock::now();
}

void LiveRun::mark_checkpoint() {
  record::Event mark;
  mark.mutable_session_log()->set_status(record::SessionLog::CHECKPOINT);
  mark.mutable_session_log()->set_checkpoint_path(
      checkpoint_path(held_->folder, steps_).lexically_relative(held_->folder).string());
  append(std::move(mark));
  writer_->flush();
}

void LiveRun::note_metric(double value) {
  best_metric_ = value;
  const bool better = !best_so_far_ || (policy_.best_is_highest ? value > *best_so_far_ : value < *best_so_far_);
  if (!better || std::isnan(value)) return;
  best_so_far_ = value;
  best_due_ = true;
}

// The checkpoints that are there, each with the metric's value when it was made.
void LiveRun::recall_checkpoints() {
  if (!resume_from_) return;
  if (!policy_.best_metric.empty()) {
    EventReader reader(held_->folder);
    for (record::Event event; reader.next(event);) {
      for (const auto& value : event.summary().value()) {
        if (value.metric() == policy_.best_metric && value.context().empty()) note_metric(value.double_value());
      }
      if (event.session_log().status() == record::SessionLog::CHECKPOINT) marks_[event.step()] = best_metric_;
    }
  }
  std::map<int64_t, std::optional<double>> there{};
  for (const CheckpointFile& file : list_checkpoints(held_->folder)) { there[file.step] = marks_[file.step]; }
  if (checkpoint_tick_) there[steps_] = best_metric_;
  marks_ = std::move(there);
  best_due_ = false;
}

// One of a later step is damaged, or it would have been restored: the newest is this step's.
void LiveRun::delete_old_checkpoints() {
  std::vector<CheckpointMark> marks;
  for (const auto& [step, metric] : marks_) {
    if (step <= steps_) marks.push_back({step, metric});
  }
  for (const int64_t step : to_delete(marks, policy_)) {
    fs_.remove(checkpoint_path(held_->folder, step));
    marks_.erase(step);
  }
}

void LiveRun::stop_if_asked() {
  if (const int signal = noted_signal()) stop(signal == SIGTERM ? "terminated" : "interrupted", 130);
  if (max_steps_ > 0 && steps_ >= max_steps_) stop("max-steps", 0);
  if (replay_ && replay_->stop_tick == tick_) stop("max-steps", 0);
}

}  // namespace stet::tracking
