// The loops of a run: what `run.epochs(n)`, `run.steps(n)` and `run.steps(loader)` give to a range-based for.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <tuple>

#include "stet/tensor/stateful.h"
#include "stet/tensor/tensor.h"

namespace stet {

/// One pass of an epochs loop. `for (auto epoch : …)` may leave it unused without a warning.
class [[maybe_unused]] Epoch {
 public:
  explicit Epoch(int64_t index = 0) : index_(index) {}
  Epoch(const Epoch&) = default;
  Epoch& operator=(const Epoch&) = default;
  ~Epoch() {}  // NOLINT: not trivial, so that compilers don't call `auto epoch` unused where only the loop counts
  /// From 0.
  int64_t index() const { return index_; }
  operator int64_t() const { return index_; }  // NOLINT: an epoch stands for its number

 private:
  int64_t index_;
};

namespace tracking {

class LiveRun;

/// What goes through an iteration, for the display of items a second; 0: unknown.
struct BatchSize {
  int64_t items = 0;
  bool images = false;
};

/// How a loop begins.
enum class LoopEntry {
  fresh,
  enclosing,  ///< at the iteration within which a run that is resumed left off: the same one once more
  restored,   ///< where it left off, with the state of that boundary
  empty,      ///< not at all: it lies before that, or was left by break
};
enum class LoopKind { epochs, steps };

/// What the loops share. A loop's `++` commits an iteration; leaving by break or return commits it too, unless an
/// exception is on its way.
class Loop {
 public:
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  struct End {};

 protected:
  Loop(LiveRun& run, LoopKind kind, int64_t length) : run_(run), kind_(kind), length_(length) {}
  ~Loop() noexcept(false);

  LoopEntry enter();
  /// The next iteration begins.
  void begin_iteration(BatchSize size = {});
  void commit();
  /// The loop ends by itself.
  void end_loop();
  /// Throws UsageError unless the loader is tracked.
  void require_tracked(const Stateful& loader) const;

  int64_t index() const { return index_; }
  int64_t length() const { return length_; }
  bool running() const { return iterating_; }

 private:
  void require_innermost() const;
  LiveRun& run_;
  const LoopKind kind_;
  const int64_t length_;  // iterations
  int64_t index_ = 0, depth_ = 0;
  bool open_ = false, iterating_ = false;
  int exceptions_ = 0;
};

/// A loop as a range. Of `Range` it needs: item(), what the body gets; next(), which begins an iteration or ends the
/// loop; prepare(LoopEntry), before the first; and release(), before an iteration is committed.
template <class Range> class LoopRange : protected Loop {
 public:
  class Iterator {
   public:
    explicit Iterator(Range& range) : range_(&range) {}
    decltype(auto) operator*() const { return range_->item(); }
    Iterator& operator++() {
      range_->release();
      range_->commit();
      range_->next();
      return *this;
    }
    bool operator!=(End) const { return range_->running(); }

   private:
    Range* range_;
  };

  Iterator begin() {
    Range& range = static_cast<Range&>(*this);
    range.check();
    if (const LoopEntry entry = enter(); entry != LoopEntry::empty) {
      range.prepare(entry);
      range.next();
    }
    return Iterator(range);
  }
  End end() const { return {}; }

 protected:
  using Loop::Loop;
  void check() const {}
  void prepare(LoopEntry) {}
  void release() {}
};

inline BatchSize size_of_batch(const Tensor& t) {
  return t.defined() && t.rank() > 0 ? BatchSize{t.size(0), t.rank() > 2} : BatchSize{};
}
template <class Batch> BatchSize size_of_batch(const Batch& batch) {
  if constexpr (requires {
                  { std::get<0>(batch) } -> std::convertible_to<const Tensor&>;
                })
    return size_of_batch(std::get<0>(batch));
  else return {};
}

}  // namespace tracking

/// `for (auto epoch : run.epochs(n))`.
class EpochRange : public tracking::LoopRange<EpochRange> {
 public:
  EpochRange(tracking::LiveRun& run, int64_t n) : LoopRange(run, tracking::LoopKind::epochs, n) {}

 private:
  friend tracking::LoopRange<EpochRange>;
  Epoch& item() { return epoch_; }
  void next() {
    if (index() >= length()) return end_loop();
    epoch_ = Epoch(index());
    begin_iteration();
  }
  Epoch epoch_;
};

/// `for (int64_t step : run.steps(2000))`.
class StepRange : public tracking::LoopRange<StepRange> {
 public:
  StepRange(tracking::LiveRun& run, int64_t n) : LoopRange(run, tracking::LoopKind::steps, n) {}

 private:
  friend tracking::LoopRange<StepRange>;
  int64_t item() const { return index(); }
  void next() {
    if (index() >= length()) return end_loop();
    begin_iteration();
  }
};

/// What run.steps takes: batches by epochs, with a position that its members restore.
template <class L>
concept BatchLoader = std::derived_from<L, Stateful> && requires(L loader, int64_t epoch) {
  typename L::Batch;
  { loader.next() } -> std::same_as<std::optional<typename L::Batch>>;
  { loader.batches_per_epoch() } -> std::convertible_to<int64_t>;
  { loader.epoch() } -> std::convertible_to<int64_t>;
  loader.start_epoch(epoch);
};

/// `for (auto [x, y] : run.steps(loader))`: the loader's next epoch.
template <BatchLoader L> class BatchRange : public tracking::LoopRange<BatchRange<L>> {
  using Base = tracking::LoopRange<BatchRange<L>>;

 public:
  using Batch = typename L::Batch;
  BatchRange(tracking::LiveRun& run, L& loader)
      : Base(run, tracking::LoopKind::steps, loader.batches_per_epoch()), loader_(loader) {}

 private:
  friend Base;
  Batch& item() { return *batch_; }
  void check() const { Base::require_tracked(loader_); }
  void prepare(tracking::LoopEntry entry) {
    if (entry == tracking::LoopEntry::fresh) loader_.start_epoch(loader_.epoch() + 1);
    if (entry == tracking::LoopEntry::enclosing) deliver_again();
  }
  // A batch is fetched after the boundary before it, so a checkpoint's loader position is that of the batches that were
  // worked on.
  void next() {
    batch_ = loader_.next();
    if (!batch_) return Base::end_loop();
    Base::begin_iteration(tracking::size_of_batch(*batch_));
  }
  void release() { batch_.reset(); }
  // The run left off in a loop within this one's iteration, whose batch had been delivered.
  void deliver_again() {
    loader_.start_epoch(loader_.epoch());
    for (int64_t i = 0; i < Base::index(); ++i) loader_.next();
  }
  L& loader_;
  std::optional<Batch> batch_;
};

}  // namespace stet
