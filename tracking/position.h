// Where a run is in its loops, and how a resumed run finds its way back there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stet::tracking {

/// One loop on the way to a position.
struct LoopFrame {
  int64_t ordinal = 0;    ///< of the loop among those that its parent's iteration (or the program) began
  int64_t index = 0;      ///< iterations committed
  bool finished = false;  ///< left by break: not to be entered again
  bool operator==(const LoopFrame&) const = default;
};

/// A stack of loops, outermost first. The program reports what it enters and leaves. While a target is sought, enter() says which loops
/// to skip, which to enter at a later iteration, and which is the one where the run left off.
class Position {
 public:
  enum class Entry {
    fresh,     ///< no target, or it lies behind: begin at iteration 0
    skipped,   ///< lies before the target: no iteration
    enclosing, ///< holds the target: begin at the iteration that index() gives
    reached,   ///< the target itself: begin at index(), if finished() does not say otherwise
  };

  /// A position as text: `loop:iterations` of each loop, outermost first, as in "0:3/1:250"; a loop left by break ends with "!".
  std::string to_text() const;
  /// Makes the position of that text the target. Throws DataError.
  void seek(std::string_view text);
  bool seeking() const { return seeking_; }

  /// A loop begins. Throws UsageError when the target's loop cannot come any more.
  Entry enter();
  /// The innermost loop begins an iteration.
  void begin_iteration();
  /// The innermost loop's iteration is committed; `finished`: by a break.
  void commit(bool finished);
  /// The innermost loop ends.
  void leave();

  int64_t depth() const { return static_cast<int64_t>(frames_.size()); }
  int64_t index() const { return frames_.back().index; }
  bool finished() const { return frames_.back().finished; }

 private:
  std::vector<LoopFrame> frames_;
  std::vector<int64_t> begun_{0};  // loops begun so far: by the program, then by each open loop's current iteration
  std::vector<LoopFrame> target_;
  bool seeking_ = false;
};

}  // namespace stet::tracking
