// What a training program shows of its progress: a bar on a terminal, a line now and then elsewhere, warnings only when
// it is to be quiet.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/run/output_log.h"

namespace stet::tracking {

/// A loop as the display sees it.
struct LoopProgress {
  bool epochs = false;
  int64_t done = 0, length = 0;
};

class Progress {
 public:
  Progress();
  void set_quiet(bool quiet) { quiet_ = quiet; }
  /// What is printed from here on goes to the file too, and the bar is drawn by the helper that copies it.
  void open_output(const Entry& file);
  /// Returns when everything printed has arrived.
  void close_output();
  /// In a child that was forked: shows nothing more, and gives back what was open for output.
  void leave_to_parent();
  /// The terminal's line is cleared for `line`.
  void say(const std::string& line);
  /// As say, and shown by a quiet program too.
  void warn(const std::string& line);

  void enter_loop(LoopProgress loop) { loops_.push_back(loop); }
  void leave_loop();
  /// Of the innermost loop; `items` go through it, 0: unknown.
  void begin_iteration(int64_t items, bool images);
  /// An iteration of the innermost loop was committed, the `done`-th; a step's is shown, with the last loss.
  void commit(int64_t done, std::optional<double> loss);
  /// Until the loops that are open end, as far as it can be told.
  std::optional<double> seconds_left() const;
  /// Leaves the bar's line, which shows the last step.
  void end();

 private:
  using Clock = std::chrono::steady_clock;
  bool draws_by_helper() const { return output_ && output_->active(); }
  void update(std::optional<double> loss);
  std::string line(std::optional<double> loss) const;
  std::string rate() const;
  std::string time_left() const;
  size_t columns() const;
  void draw(const std::string& text);

  std::optional<OutputLog> output_;
  std::vector<LoopProgress> loops_;  // that are open, outermost first
  bool quiet_ = false;
  const bool terminal_;
  const Descriptor terminal_fd_;  // of its width: standard error may lead elsewhere later
  const Clock::time_point start_ = Clock::now();
  Clock::time_point shown_{}, measured_ = Clock::now();
  bool open_line_ = false, images_ = false;
  int64_t batch_ = 0;      // items of the iteration at hand
  int64_t items_ = 0;      // since measured_
  int64_t since_ = 0;      // iterations since measured_
  double per_second_ = 0;  // items, or iterations where items are unknown
  std::optional<double> first_fraction_;
  bool unshown_ = false;  // the last step
  std::optional<double> unshown_loss_;
  std::string last_line_;  // of loops that were left before it was shown
};

/// What a line of progress is made of.
struct ProgressParts {
  std::string position, bar, loss, rate, time_left;
};
/// The line for a terminal of so many columns, which a longer one would wrap and fill with its remains: the bar goes
/// first, then rate, time and loss. 0: as wide as it takes.
std::string fitted(ProgressParts parts, size_t columns);

/// How far a run is, between 0 and 1: the iterations of nested loops, each worth its share of the iteration around it.
double fraction_of(const std::vector<LoopProgress>& loops);

/// As in 0:42 or 3:07:21.
std::string clock_time(double seconds);

}  // namespace stet::tracking
