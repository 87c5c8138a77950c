// How a run ends: finished, stopped at a boundary, or failed.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "stet/tensor/error.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/nearest.h"
#include "stet/tracking/record/text.h"
#include "stet/tracking/run/live_run.h"
#include "stet/tracking/run/process_end.h"

namespace stet::tracking {

// What happened after the event that failed is no part of the record.
void LiveRun::mark_end(record::End::Status status, int exit_code, const std::string& message) {
  resources_.stop();
  sink_.settle();
  ended_ = true;
  const Instant end = sink_.stop(now_, message);
  go_to(end.committed);
  now_.in_step = end.in_step;
  settle_source();
  record_.set_log_waits(sink_.waits(), sink_.wait_seconds());
  record_.end(status, exit_code, message, steps(), digests_.root());
  record_.seal(held_->folder);
  save_record();
}

// What a program did that it will hardly have meant, and that no call could refuse.
void LiveRun::warn_of_loops() {
  if (replay_) return;
  if (most_trained_ > 1)
    progress_.warn(
        fmt::format("{}: an optimizer stepped {} times in one step: each pass of run.epochs is one, as no "
                    "loop of the run lies in it; write for (... : run.steps(loader))",
                    program_, most_trained_));
  if (trained_outside_ > 0)
    progress_.warn(
        fmt::format("{}: an optimizer stepped {} time{} outside of run.epochs and run.steps, of which the "
                    "record knows nothing; write for (... : run.steps(loader))",
                    program_, trained_outside_, trained_outside_ == 1 ? "" : "s"));
}

// Of metrics that the program asks something of and never logs.
void LiveRun::warn_of_names() try {
  std::vector<std::pair<const char*, std::string>> missed;
  const std::string& best = checkpoints_.policy().best_metric;
  if (!best.empty() && !checkpoints_.knows_metric()) missed.emplace_back("checkpoint", best);
  for (const auto& summary : record_.record().summaries()) {
    if (std::isnan(summary.value())) missed.emplace_back("summary", summary.metric());
  }
  if (replay_ || missed.empty()) return;
  std::set<std::string> names;
  EventReader reader(held_->folder);
  for (record::Event event; reader.next(event);) {
    for (const auto& value : event.summary().value()) {
      if (value.has_double_value() && !is_system_metric(metric_name(value))) names.insert(metric_name(value));
    }
  }
  for (const auto& [call, name] : missed) {
    if (names.contains(name)) continue;  // it was nan, or has another context
    const std::string near = nearest(name, {names.begin(), names.end()});
    progress_.warn(fmt::format("{}: {}: no metric '{}' was logged{}", program_, call, name,
                               near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
  }
} catch (const Error&) {  // a log that can't be read is told of by who reads it
}

void LiveRun::finish() {
  if (parents_) return;
  close();
  if (mute()) fail("resume: the program ended before it came to the loop where the run left off", false);
  if (abandoned_) return left_by_exception();
  if (!begun() || ended_) return;
  mark_end(record::End::FINISHED, 0, "");
  progress_.end();
  warn_of_loops();
  warn_of_names();
  progress_.say(fmt::format("{}: finished after {} steps: {}", program_, steps(), held_->folder.path().string()));
  progress_.close_output();
}

void LiveRun::left_by_exception() {
  if (parents_) return;
  progress_.end();
  if (!training_ && !resumed()) {
    if (held_) remove_all(fs_, held_->folder);
  } else if (begun() && !ended_) {
    mark_end(record::End::FAILED, 1, sink_.first_failure("an exception that the program caught left the loop"));
  }
}

void LiveRun::stop(const std::string& reason, int exit_code) {
  if (!checkpoints_.covers(now_)) write_checkpoint();
  mark_end(record::End::INTERRUPTED, exit_code, reason);
  progress_.end();
  warn_of_loops();
  progress_.say(fmt::format("{}: {} at step {}; go on with --resume {}", program_,
                            reason == "max-steps" ? "stopped by --max-steps" : reason, steps(), record_.id()));
  progress_.close_output();
  std::_Exit(exit_code);
}

void LiveRun::fail(const std::string& message, bool in_training) noexcept {
  const int code = in_training || training_ ? 1 : 2;
  std::string why = message;
  try {
    // A compiler may have data read before the call beside it that closes the set of parameters: --help needs none.
    if (parameters_.help()) close();
    progress_.end();
    flush_all();
    const bool leaves_nothing = code == 2 && !resumed() && !parents_;
    if (begun() && !ended_ && !leaves_nothing && !parents_) {
      why = sink_.first_failure(message);
      mark_end(record::End::FAILED, code, why);
    }
    if (held_ && leaves_nothing) remove_all(fs_, held_->folder);
  } catch (const std::exception& e) { why += std::string("; the record could not be brought up to date: ") + e.what(); }
  std::fprintf(stderr, "%s: %s\n", to_utf8(program_).c_str(), in_one_line(why).c_str());
  progress_.close_output();
  std::_Exit(code);
}

}  // namespace stet::tracking
