#include "stet/tracking/run/progress.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "stet/tracking/record/text.h"
#include "stet/tracking/run/process_end.h"

namespace stet::tracking {
namespace {

constexpr auto kTerminalInterval = std::chrono::milliseconds(100);
constexpr auto kLineInterval = std::chrono::seconds(10);

// STET_PROGRESS=1 shows the bar where no terminal is seen, as below a recorder of terminals.
bool is_terminal() {
  const char* forced = std::getenv("STET_PROGRESS");
  return forced ? *forced == '1' : ::isatty(STDERR_FILENO) == 1;
}

std::string bar(double fraction) {
  constexpr int width = 20;
  const int full = std::clamp(static_cast<int>(fraction * width), 0, width);
  return "[" + std::string(static_cast<size_t>(full), '=') + (full < width ? ">" : "") +
         std::string(static_cast<size_t>(std::max(0, width - full - 1)), ' ') + "]";
}

}  // namespace

std::string fitted(ProgressParts parts, size_t columns) {
  const auto width = [&] {
    return parts.position.size() + parts.bar.size() + parts.loss.size() + parts.rate.size() + parts.time_left.size();
  };
  for (std::string* least : {&parts.bar, &parts.rate, &parts.time_left, &parts.loss}) {
    if (columns > 0 && width() >= columns) least->clear();
  }
  std::string text = parts.position + parts.bar + parts.loss + parts.rate + parts.time_left;
  if (columns > 0 && text.size() >= columns) text.resize(columns - 1);
  return text;
}

double fraction_of(const std::vector<LoopProgress>& loops) {
  double fraction = 0, share = 1;
  for (const LoopProgress& l : loops) {
    if (l.length <= 0) break;
    share /= static_cast<double>(l.length);
    fraction += share * static_cast<double>(l.done);
  }
  return std::clamp(fraction, 0.0, 1.0);
}

std::string clock_time(double seconds) {
  const auto s = static_cast<int64_t>(std::llround(std::min(seconds, 1e9)));
  return s < 3600 ? fmt::format("{}:{:02}", s / 60, s % 60)
                  : fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

Progress::Progress() : terminal_(is_terminal()), terminal_fd_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) {}

// 0: unknown, or no matter.
size_t Progress::columns() const {
  winsize size{};
  if (!terminal_) return 0;
  if (::ioctl(terminal_fd_.get(), TIOCGWINSZ, &size) == 0) return size.ws_col;
  const char* given = std::getenv("COLUMNS");
  return given ? static_cast<size_t>(std::max(0, std::atoi(given))) : 0;
}

void Progress::leave_loop() {
  if (unshown_) last_line_ = line(unshown_loss_);
  unshown_ = false;
  loops_.pop_back();
}

void Progress::open_output(const Entry& file) { output_.emplace(file); }

void Progress::close_output() {
  flush_all();
  output_.reset();
}

void Progress::leave_to_parent() {
  if (output_) output_->leave_to_parent();
  quiet_ = true;
  open_line_ = false;
}

void Progress::say(const std::string& line) {
  if (!quiet_) warn(line);
}

void Progress::warn(const std::string& line) {
  const bool own_line = open_line_ && !draws_by_helper();
  std::fprintf(stderr, "%s%s\n", own_line ? "\r\033[K" : "", printable(line).c_str());
  open_line_ = open_line_ && draws_by_helper();
}

std::string Progress::rate() const {
  if (per_second_ <= 0) return "";
  const char* unit = items_ == 0 ? "steps/s" : images_ ? "images/s" : "samples/s";
  return fmt::format("  {:.{}f} {}", per_second_, per_second_ < 10 ? 1 : 0, unit);
}

std::optional<double> Progress::seconds_left() const {
  const double fraction = fraction_of(loops_), gained = fraction - first_fraction_.value_or(fraction);
  if (gained <= 0 || fraction >= 1) return std::nullopt;
  const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
  return elapsed / gained * (1 - fraction);
}

std::string Progress::time_left() const {
  const auto seconds = seconds_left();
  return seconds ? fmt::format("  {} left", clock_time(*seconds)) : "";
}

std::string Progress::line(std::optional<double> loss) const {
  std::string text;
  for (const LoopProgress& l : loops_) {
    if (l.epochs) text += fmt::format("epoch {}/{}  ", std::min(l.done + 1, l.length), l.length);
    else text += fmt::format("step {}/{}  ", l.done, l.length);
  }
  const double fraction = fraction_of(loops_);
  return fitted(
      {text, terminal_ ? bar(fraction) : "", loss ? fmt::format("  loss {:.4f}", *loss) : "", rate(), time_left()},
      columns());
}

void Progress::begin_iteration(int64_t items, bool images) {
  batch_ = items;
  images_ = images;
}

void Progress::commit(int64_t done, std::optional<double> loss) {
  loops_.back().done = done;
  if (!loops_.back().epochs) update(loss);
}

void Progress::update(std::optional<double> loss) {
  if (!first_fraction_) first_fraction_ = fraction_of(loops_);
  if (quiet_) return;
  items_ += batch_;
  ++since_;
  const auto now = Clock::now();
  unshown_ = now - shown_ < (terminal_ ? Clock::duration(kTerminalInterval) : Clock::duration(kLineInterval));
  unshown_loss_ = loss;
  if (unshown_) return;
  last_line_.clear();
  const double seconds = std::chrono::duration<double>(now - measured_).count();
  if (seconds > 0) {
    const double rate = static_cast<double>(items_ > 0 ? items_ : since_) / seconds;
    per_second_ = per_second_ > 0 ? 0.7 * per_second_ + 0.3 * rate : rate;
  }
  const std::string text = line(loss);
  if (terminal_) draw(text);
  else std::fprintf(stderr, "%s\n", text.c_str());
  shown_ = measured_ = now;
  items_ = since_ = 0;
}

void Progress::draw(const std::string& text) {
  if (draws_by_helper()) output_->bar(text);
  else std::fprintf(stderr, "\r%s\033[K", text.c_str());
  open_line_ = true;
}

void Progress::end() {
  if (!open_line_) return;
  if (!last_line_.empty()) draw(last_line_);
  if (draws_by_helper()) output_->bar("");
  else std::fputc('\n', stderr);
  open_line_ = false;
}

}  // namespace stet::tracking
