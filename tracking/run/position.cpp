#include "stet/tracking/run/position.h"

#include <optional>
#include <utility>

#include "stet/tensor/error.h"
#include "stet/tracking/record/parse.h"

namespace stet::tracking {
namespace {

// What text may claim: loops that ended before one, in a run's 2^32 boundaries at most, and counts that add up.
constexpr int64_t kLoopLimit = int64_t{1} << 22, kMomentLimit = int64_t{1} << 62;

[[noreturn]] void raise_unreadable(std::string_view text) {
  raise<DataError>("position '{}': can't be read", printable(text.substr(0, 80)));
}

int64_t parse_count(std::string_view text) {
  const auto value = parse_int64(text);
  if (!value || *value < 0 || *value > kMomentLimit) raise_unreadable(text);
  return *value;
}

// Text before and after the first `mark`.
std::pair<std::string_view, std::optional<std::string_view>> cut(std::string_view text, char mark) {
  const size_t at = text.find(mark);
  if (at == text.npos) return {text, std::nullopt};
  return {text.substr(0, at), text.substr(at + 1)};
}

Moment parse_moment(std::string_view text) {
  const auto [tick, step] = cut(text, '.');
  return {parse_count(tick), parse_count(step.value_or(""))};
}

std::string to_text(const LoopFrame& frame, bool holds_next) {
  std::string text;
  Moment last;
  for (size_t i = 0, n = 0; i < frame.before.size(); i += n) {
    const Moment length{frame.before[i].tick - last.tick, frame.before[i].step - last.step};
    for (n = 0; i + n < frame.before.size(); ++n) {
      const Moment& end = frame.before[i + n];
      if (Moment{end.tick - last.tick, end.step - last.step} != length) break;
      last = end;
    }
    text += fmt::format("{}.{}{},", length.tick, length.step, n > 1 ? fmt::format("x{}", n) : "");
  }
  text += fmt::format("{}{}", frame.index, frame.finished ? "!" : "");
  return holds_next ? text + fmt::format("@{}.{}", frame.began.tick, frame.began.step) : text;
}

// `loops` more may have ended before.
LoopFrame parse_frame(std::string_view text, int64_t& loops) {
  LoopFrame frame;
  Moment last;
  for (size_t comma; (comma = text.find(',')) != text.npos; text.remove_prefix(comma + 1)) {
    const auto [moment, times] = cut(text.substr(0, comma), 'x');
    const Moment length = parse_moment(moment);
    const int64_t count = times ? parse_count(*times) : 1;
    if (count > loops) raise_unreadable(text);
    loops -= count;
    for (int64_t n = count; n > 0; --n) {
      last = {last.tick + length.tick, last.step + length.step};
      if (last.tick > kMomentLimit || last.step > kMomentLimit) raise_unreadable(text);
      frame.before.push_back(last);
    }
  }
  auto [index, began] = cut(text, '@');
  if (began) frame.began = parse_moment(*began);
  frame.finished = index.ends_with('!');
  if (frame.finished) index.remove_suffix(1);
  frame.index = parse_count(index);
  return frame;
}

[[noreturn]] void raise_lost() {
  raise(
      "resume: this program's loops are not those of the run: the loop where it left off did not come; what decides "
      "between loops must be tracked or Kept, and what counts passes stand behind the loops that a pass holds");
}

}  // namespace

std::string Position::to_text() const {
  std::string text;
  for (const LoopFrame& f : frames_) text += (text.empty() ? "" : "/") + tracking::to_text(f, &f != &frames_.back());
  return text;
}

void Position::seek(std::string_view text) {
  int64_t loops = kLoopLimit;
  while (!text.empty()) {
    const auto [frame, rest] = cut(text, '/');
    target_.push_back(parse_frame(frame, loops));
    text = rest.value_or("");
  }
  seeking_ = !target_.empty();
}

Position::Entry Position::enter() {
  const size_t depth = frames_.size();
  if (seeking_ && ended_.size() > target_[depth].before.size()) raise_lost();
  frames_.push_back({.before = std::exchange(ended_, {}), .index = 0, .finished = false, .began = {}});
  if (!seeking_) return Entry::fresh;
  const LoopFrame& target = target_[depth];
  if (frames_.back().before.size() < target.before.size()) return Entry::skipped;
  frames_.back() = target;
  if (depth + 1 < target_.size()) return Entry::enclosing;
  seeking_ = false;
  return Entry::reached;
}

Moment Position::moment() const {
  const LoopFrame& target = target_[frames_.size() - 1];
  const size_t ordinal = frames_.back().before.size();
  return ordinal < target.before.size() ? target.before[ordinal] : target.began;
}

void Position::begin_iteration(Moment now) {
  ended_.clear();
  frames_.back().began = now;
}

void Position::commit(bool finished) {
  if (seeking_) raise_lost();
  ++frames_.back().index;
  frames_.back().finished = finished;
}

void Position::leave(Moment now) {
  ended_ = std::move(frames_.back().before);
  ended_.push_back(now);
  frames_.pop_back();
}

}  // namespace stet::tracking
