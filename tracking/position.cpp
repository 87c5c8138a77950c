#include "stet/tracking/position.h"

#include "stet/tensor/error.h"
#include "stet/tracking/flags.h"

namespace stet::tracking {
namespace {

LoopFrame parse_frame(std::string_view text, std::string_view whole) {
  LoopFrame frame;
  if (text.ends_with('!')) {
    frame.finished = true;
    text.remove_suffix(1);
  }
  const size_t colon = text.find(':');
  const auto ordinal = parse_int64(text.substr(0, colon));
  const auto index = colon == text.npos ? std::nullopt : parse_int64(text.substr(colon + 1));
  if (!ordinal || !index || *ordinal < 0 || *index < 0) raise<DataError>("position '{}': can't be read", whole);
  frame.ordinal = *ordinal;
  frame.index = *index;
  return frame;
}

}  // namespace

std::string Position::to_text() const {
  std::string text;
  for (const LoopFrame& f : frames_) {
    text += fmt::format("{}{}:{}{}", text.empty() ? "" : "/", f.ordinal, f.index, f.finished ? "!" : "");
  }
  return text;
}

void Position::seek(std::string_view text) {
  for (std::string_view rest = text; !rest.empty();) {
    const size_t slash = rest.find('/');
    target_.push_back(parse_frame(rest.substr(0, slash), text));
    rest.remove_prefix(slash == rest.npos ? rest.size() : slash + 1);
  }
  seeking_ = !target_.empty();
}

Position::Entry Position::enter() {
  const size_t depth = frames_.size();
  frames_.push_back({begun_.back()++, 0, false});
  begun_.push_back(0);
  if (!seeking_) return Entry::fresh;
  const LoopFrame& target = target_[depth];
  if (frames_.back().ordinal < target.ordinal) return Entry::skipped;
  if (frames_.back().ordinal > target.ordinal) {
    raise("resume: this program's loops are not those of the run: the loop where it left off did not come");
  }
  frames_.back() = target;
  if (depth + 1 < target_.size()) return Entry::enclosing;
  seeking_ = false;
  return Entry::reached;
}

void Position::begin_iteration() { begun_.back() = 0; }

void Position::commit(bool finished) {
  if (seeking_) raise("resume: this program's loops are not those of the run: the loop where it left off did not come");
  ++frames_.back().index;
  frames_.back().finished = finished;
}

void Position::leave() {
  frames_.pop_back();
  begun_.pop_back();
}

}  // namespace stet::tracking
