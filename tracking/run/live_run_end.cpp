// How a run ends: finished, stopped at a boundary, or failed.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <thread>

#include "stet/tensor/error.h"
#include "stet/tracking/record/text.h"
#include "stet/tracking/run/live_run.h"
#include "stet/tracking/run/process_end.h"
#include "stet/tracking/run/unlogged_metrics.h"

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

// Metrics of which the program asked something.
void LiveRun::warn_of_metrics() try {
  if (replay_) return;
  std::vector<AskedMetric> asked;
  const std::string& best = checkpoints_.policy().best_metric;
  if (!best.empty() && !checkpoints_.knows_metric()) asked.emplace_back("checkpoint", best);
  for (const auto& summary : record_.record().summaries()) {
    if (std::isnan(summary.value())) asked.emplace_back("summary", summary.metric());
  }
  for (const std::string& line : unlogged_metrics(held_->folder, asked)) warn(line);
} catch (const Error&) {  // a log that can't be read is told of by who reads it
}

void LiveRun::warn_of_training() {
  if (replay_) return;
  for (const std::string& line : training_watch_.warnings()) warn(line);
}

// The program caught what a resume was refused with.
void LiveRun::fail_as_refused() try { std::rethrow_exception(refusal_); } catch (const std::exception& e) {
  fail(e.what(), false);
}

void LiveRun::finish() {
  if (parents_) return;
  close();
  if (refusal_) fail_as_refused();
  if (mute()) fail("resume: the program ended before it came to the loop where the run left off", false);
  if (abandoned_) return left_by_exception();
  if (!begun() || ended_) return;
  mark_end(record::End::FINISHED, 0, "");
  progress_.end();
  warn_of_training();
  warn_of_metrics();
  say(fmt::format("finished after {}: {}", counted(steps(), "step"), held_->folder.path().string()));
  progress_.close_output();
}

// The program called exit(), or returned from main past a Run that no destructor ends.
void LiveRun::exited(int status) noexcept try {
  if (parents_ || ended_ || std::this_thread::get_id() != thread_) return;
  if (position_.depth() == 0 && (begun() || (resumed() && mute()))) return finish();
  if (!begun()) return;
  mark_end(record::End::FAILED, status, fmt::format("the program called exit({}) within a loop", status));
  progress_.end();
  warn(
      fmt::format("the program called exit({}) within a loop of run {}; leave it by break or return, and go on with "
                  "--resume {}",
                  status, record_.id(), record_.id()));
  progress_.close_output();
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s: %s\n", to_utf8(program_).c_str(), in_one_line(e.what()).c_str());
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
  warn_of_training();
  say(fmt::format("{} at step {}; go on with --resume {}", reason == "max-steps" ? "stopped by --max-steps" : reason,
                  steps(), record_.id()));
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
