// Where a run is in its loops, and how a resumed run finds its way back there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stet::tracking {

/// How much lies behind at a boundary.
struct Moment {
  int64_t tick = 0;  ///< boundaries
  int64_t step = 0;  ///< steps
  bool operator==(const Moment&) const = default;
};

/// When something happens: what is committed, and whether a step is at hand.
struct Instant {
  Moment committed;
  bool in_step = false;

  uint64_t tick() const { return static_cast<uint64_t>(committed.tick); }
  /// The step that it belongs to.
  int64_t step() const { return committed.step + (in_step ? 1 : 0); }
};

/// One loop on the way to a position. What lies before it is remembered by when it was, as code between loops that runs
/// again draws random numbers and asks for the step.
struct LoopFrame {
  std::vector<Moment> before;  ///< the ends of the loops that its parent's iteration (or the program) began before it
  int64_t index = 0;           ///< iterations committed
  bool finished = false;       ///< left by break: not to be entered again
  Moment began;                ///< when the iteration began that holds the next loop
  bool operator==(const LoopFrame&) const = default;
};

/// A stack of loops, outermost first. The program reports what it enters and leaves. While a target is sought, enter()
/// says which loops to skip, which to enter at a later iteration, and which is the one where the run left off.
class Position {
 public:
  enum class Entry {
    fresh,      ///< no target, or it lies behind: begin at iteration 0
    skipped,    ///< lies before the target: no iteration; it ended at moment()
    enclosing,  ///< holds the target: begin at the iteration that index() gives, as it was at moment()
    reached,    ///< the target itself: begin at index(), if finished() does not say otherwise
  };

  /// A position as text, each loop's frame, outermost first: `TICK.STEP,…,INDEX` with the ends of the loops before it,
  /// each counted from the one before, `xN` after N equal ones, `!` where it was left by break and `@TICK.STEP` where
  /// it holds the next. As in "3@39.36/13.12,5.5x3,250".
  std::string to_text() const;
  /// Makes the position of that text the target. Throws DataError.
  void seek(std::string_view text);
  bool seeking() const { return seeking_; }

  /// A loop begins. Throws UsageError when the target's loop cannot come any more.
  Entry enter();
  /// The innermost loop begins an iteration.
  void begin_iteration(Moment now);
  /// The innermost loop's iteration is committed; `finished`: by a break.
  void commit(bool finished);
  /// The innermost loop ends.
  void leave(Moment now);

  int64_t depth() const { return static_cast<int64_t>(frames_.size()); }
  int64_t index() const { return frames_.back().index; }
  bool finished() const { return frames_.back().finished; }
  /// While a target is sought.
  Moment moment() const;
  /// Has the innermost loop's iteration begun a loop?
  bool holds_loops() const { return !ended_.empty(); }

 private:
  std::vector<LoopFrame> frames_;
  std::vector<Moment> ended_;  // ends of the loops that the innermost open loop's iteration (or the program) began
  std::vector<LoopFrame> target_;
  bool seeking_ = false;
};

}  // namespace stet::tracking
