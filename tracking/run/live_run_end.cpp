// How a run ends: finished, stopped at a boundary, or failed.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "stet/tensor/error.h"
#include "stet/tracking/capture/environment.h"
#include "stet/tracking/run/live_run.h"

namespace stet::tracking {
namespace {

std::string program_name = "stet";
volatile std::sig_atomic_t signal_that_came = 0;

extern "C" void note_signal(int signal) {
  signal_that_came = signal;
  std::signal(signal, SIG_DFL);  // the second one ends the process
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void flush_all() {
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
}

// An exception's text may hold line ends.
std::string in_one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

[[noreturn]] void end_with(const std::string& message, bool in_training) noexcept {
  if (LiveRun* run = live_run()) run->fail(message, in_training);
  flush_all();
  std::fprintf(stderr, "%s: %s\n", program_name.c_str(), in_one_line(message).c_str());
  std::_Exit(in_training ? 1 : 2);
}

[[noreturn]] void on_terminate() {
  try {
    if (const auto error = std::current_exception()) std::rethrow_exception(error);
    end_with("ended by std::terminate", true);
  } catch (const TrainingError& e) { end_with(e.what(), true); } catch (const std::bad_alloc&) {
    end_with("out of memory", false);
  } catch (const std::exception& e) { end_with(e.what(), false); } catch (...) {
    end_with("an exception of an unknown type", false);
  }
}

}  // namespace

void install_terminate_handler(const std::string& program) {
  program_name = program;
  std::set_terminate(on_terminate);
}

void watch_signals() {
  signal_that_came = 0;
  std::signal(SIGINT, note_signal);
  std::signal(SIGTERM, note_signal);
}

int noted_signal() { return signal_that_came; }

// The message of what failed first: the program may have gone on for some steps before a device's values show that an
// earlier one failed.
std::string LiveRun::first_failure(const std::string& message) {
  if (failed_ || !writer_) return message;
  try {
    drain();
  } catch (const std::exception& e) {
    if (failed_) return e.what();
  }
  return message;
}

// What happened after the event that failed is no part of the record.
void LiveRun::mark_end(record::End::Status status, int exit_code, const std::string& message) {
  if (failed_) outbox_.clear();
  drain();
  ended_ = true;
  record::Event event;
  event.mutable_session_log()->set_status(record::SessionLog::STOP);
  event.mutable_session_log()->set_msg(message);
  if (failed_) {
    go_to(failed_->committed);
    in_step_ = failed_->event.step() > steps_;
  }
  append(std::move(event));
  writer_->sync();
  auto* end = record_.mutable_launches(record_.launches_size() - 1)->mutable_end();
  end->set_status(status);
  end->set_exit_code(exit_code);
  end->set_message(message);
  end->set_time(unix_time());
  end->set_wall_seconds(std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count());
  end->set_cpu_seconds(cpu_seconds());
  end->set_last_step(steps_);
  record_.set_steps(steps_);
  if (status == record::End::FINISHED) record_.set_final_digest(root_);
  save_record();
}

// Everything printed has arrived.
void LiveRun::end_output() {
  flush_all();
  progress_.set_output(nullptr);
  output_.reset();
}

void LiveRun::finish() {
  close();
  if (mute()) fail("resume: the program ended before it came to the loop where the run left off", false);
  if (abandoned_) return left_by_exception();
  if (!begun_ || ended_) return;
  mark_end(record::End::FINISHED, 0, "");
  progress_.end();
  progress_.say(fmt::format("{}: finished after {} steps: {}", program_, steps_, held_->folder.string()));
  end_output();
}

void LiveRun::left_by_exception() {
  progress_.end();
  if (!training_ && !resumed_) {
    if (held_) remove_all(fs_, held_->folder);
  } else if (begun_ && !ended_) {
    mark_end(record::End::FAILED, 1, first_failure("an exception that the program caught left the loop"));
  }
}

void LiveRun::stop(const std::string& reason, int exit_code) {
  if (checkpoint_tick_ != tick_) write_checkpoint();
  mark_end(record::End::INTERRUPTED, exit_code, reason);
  progress_.end();
  progress_.say(fmt::format("{}: {} at step {}; go on with --resume {}", program_,
                            reason == "max-steps" ? "stopped by --max-steps" : reason, steps_, record_.id()));
  end_output();
  std::_Exit(exit_code);
}

void LiveRun::fail(const std::string& message, bool in_training) noexcept {
  const int code = in_training || training_ ? 1 : 2;
  try {
    // A compiler may have data read before the call beside it that closes the set of parameters: --help needs none.
    if (parameters_.help()) close();
    progress_.end();
    flush_all();
    const bool leaves_nothing = code == 2 && !resumed_;
    const bool marks = begun_ && !ended_ && !leaves_nothing;
    const std::string why = marks ? first_failure(message) : message;
    std::fprintf(stderr, "%s: %s\n", program_.c_str(), in_one_line(why).c_str());
    if (marks) mark_end(record::End::FAILED, code, why);
    if (held_ && leaves_nothing) remove_all(fs_, held_->folder);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: the record could not be brought up to date: %s\n", program_.c_str(), e.what());
  }
  end_output();
  std::_Exit(code);
}

}  // namespace stet::tracking
