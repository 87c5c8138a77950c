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
  /// The bar is drawn by the run's output log from here on; null: by this process again.
  void set_output(OutputLog* output) { output_ = output && output->active() ? output : nullptr; }
  /// The terminal's line is cleared for `line`.
  void say(const std::string& line);
  /// As say, and shown by a quiet program too.
  void warn(const std::string& line);
  /// An iteration was committed: the open loops, outermost first, the last loss, and the items that went through it.
  void update(const std::vector<LoopProgress>& loops, std::optional<double> loss, int64_t items, bool images);
  /// Leaves the bar's line.
  void end();

 private:
  using Clock = std::chrono::steady_clock;
  std::string line(const std::vector<LoopProgress>& loops, std::optional<double> loss) const;
  std::string rate_and_time(double fraction) const;

  void draw(const std::string& text);

  OutputLog* output_ = nullptr;
  bool quiet_ = false;
  const bool terminal_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point shown_{}, measured_ = Clock::now();
  bool open_line_ = false, images_ = false;
  int64_t items_ = 0;      // since measured_
  int64_t since_ = 0;      // iterations since measured_
  double per_second_ = 0;  // items, or iterations where items are unknown
  std::optional<double> first_fraction_;
};

/// How far a run is, between 0 and 1: the iterations of nested loops, each worth its share of the iteration around it.
double fraction_of(const std::vector<LoopProgress>& loops);

/// As in 0:42 or 3:07:21.
std::string clock_time(double seconds);

}  // namespace stet::tracking
