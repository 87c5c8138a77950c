// A run: the loop of a training program, its parameters, its record, and how it goes on after a kill.
//
//     Run run(argc, argv, "mnist-mlp");
//     auto lr = run.param("lr", 1e-3f, {.above = 0});
//     …
//     run.track("net", net)("opt", opt)("loader", loader);
//     for (auto epoch : run.epochs(10)) {
//       for (auto [x, y] : run.steps(loader)) { … run.log("train/loss", loss); }
//       run.log("test/accuracy", …);
//     }
#pragma once

#include <concepts>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "stet/tensor/rng.h"
#include "stet/tensor/stateful.h"
#include "stet/tensor/tensor.h"
#include "stet/tracking/run/checkpoint_policy.h"
#include "stet/tracking/run/parameters.h"
#include "stet/tracking/run/state.h"

namespace stet {

class Run;
using CheckpointPolicy = tracking::CheckpointPolicy;

/// What a metric was measured on, as in {{"subset", "validation"}}.
using Context = std::vector<std::pair<std::string, std::string>>;

/// One pass of an epochs loop. `for (auto epoch : …)` may leave it unused without a warning.
class [[maybe_unused]] Epoch {
 public:
  Epoch() = default;
  Epoch(const Epoch&) = default;
  Epoch& operator=(const Epoch&) = default;
  ~Epoch() {}  // NOLINT: not trivial, so that compilers don't call `auto epoch` unused where only the loop counts
  /// From 0.
  int64_t index() const { return index_; }
  operator int64_t() const { return index_; }  // NOLINT: an epoch stands for its number

 private:
  friend class EpochRange;
  int64_t index_ = 0;
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
  void end();
  /// Throws UsageError unless the loader is tracked.
  void require_tracked(const Stateful& loader) const;

  int64_t index() const { return index_; }
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
class EpochRange : tracking::Loop {
 public:
  EpochRange(tracking::LiveRun& run, int64_t n) : Loop(run, tracking::LoopKind::epochs, n), n_(n) {}

  class Iterator {
   public:
    explicit Iterator(EpochRange& range) : range_(&range) {}
    Epoch& operator*() const { return range_->epoch_; }
    Iterator& operator++() {
      range_->commit();
      range_->next();
      return *this;
    }
    bool operator!=(End) const { return range_->running(); }

   private:
    EpochRange* range_;
  };
  Iterator begin() {
    if (enter() != tracking::LoopEntry::empty) next();
    return Iterator(*this);
  }
  End end() const { return {}; }

 private:
  void next() {
    if (index() >= n_) return Loop::end();
    epoch_.index_ = index();
    begin_iteration();
  }
  const int64_t n_;
  Epoch epoch_;
};

/// `for (int64_t step : run.steps(2000))`.
class StepRange : tracking::Loop {
 public:
  StepRange(tracking::LiveRun& run, int64_t n) : Loop(run, tracking::LoopKind::steps, n), n_(n) {}

  class Iterator {
   public:
    explicit Iterator(StepRange& range) : range_(&range) {}
    int64_t operator*() const { return range_->index(); }
    Iterator& operator++() {
      range_->commit();
      range_->next();
      return *this;
    }
    bool operator!=(End) const { return range_->running(); }

   private:
    StepRange* range_;
  };
  Iterator begin() {
    if (enter() != tracking::LoopEntry::empty) next();
    return Iterator(*this);
  }
  End end() const { return {}; }

 private:
  void next() {
    if (index() >= n_) return Loop::end();
    begin_iteration();
  }
  const int64_t n_;
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
template <BatchLoader L> class BatchRange : tracking::Loop {
 public:
  using Batch = typename L::Batch;
  BatchRange(tracking::LiveRun& run, L& loader)
      : Loop(run, tracking::LoopKind::steps, loader.batches_per_epoch()), loader_(loader) {}

  class Iterator {
   public:
    explicit Iterator(BatchRange& range) : range_(&range) {}
    Batch& operator*() const { return *range_->batch_; }
    Iterator& operator++() {
      range_->batch_.reset();
      range_->commit();
      range_->next();
      return *this;
    }
    bool operator!=(End) const { return range_->running(); }

   private:
    BatchRange* range_;
  };
  Iterator begin() {
    require_tracked(loader_);
    const auto entry = enter();
    if (entry == tracking::LoopEntry::fresh) loader_.start_epoch(loader_.epoch() + 1);
    if (entry == tracking::LoopEntry::enclosing) deliver_again();
    if (entry != tracking::LoopEntry::empty) next();
    return Iterator(*this);
  }
  End end() const { return {}; }

 private:
  // A batch is fetched after the boundary before it, so a checkpoint's loader position is that of the batches that were
  // worked on.
  void next() {
    batch_ = loader_.next();
    if (!batch_) return Loop::end();
    begin_iteration(tracking::size_of_batch(*batch_));
  }
  // The run left off in a loop within this one's iteration, whose batch had been delivered.
  void deliver_again() {
    loader_.start_epoch(loader_.epoch());
    for (int64_t i = 0; i < index(); ++i) loader_.next();
  }
  L& loader_;
  std::optional<Batch> batch_;
};

/// One run of a training program. There can be one at a time. Declarations come first: the first call that is none of
/// them closes the set of parameters, then --help, unknown flags and ranges are settled. An uncaught exception ends the
/// program with one line; its exit status is 2 before the first iteration and 1 after.
class Run {
 public:
  /// `program` names the program in its record, as in "mnist-mlp". Throws UsageError on flags that can't be read and
  /// when the run to resume can't be.
  Run(int argc, const char* const* argv, std::string_view program);
  /// Marks the run finished; failed while an exception is on its way.
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// Declares and reads a parameter: bool, int, int64_t, float, double or a text. It is a flag, and it is recorded.
  template <class T> auto param(std::string_view name, const T& standard, const ParamOptions& options = {}) {
    if constexpr (std::convertible_to<T, std::string>) return parameters().param<std::string>(name, standard, options);
    else return parameters().param<T>(name, standard, options);
  }
  /// Declares and reads a place: a flag that is recorded, and may differ when the run is resumed.
  std::string path(std::string_view name, std::string_view standard, const PathOptions& options = {});
  /// Declares and reads how the program runs: worker threads, say. A flag that is recorded and may differ when the run
  /// is resumed, as no result may depend on it.
  template <class T> auto execution(std::string_view name, const T& standard, const ParamOptions& options = {}) {
    if constexpr (std::convertible_to<T, std::string>)
      return parameters().execution<std::string>(name, standard, options);
    else return parameters().execution<T>(name, standard, options);
  }
  /// When checkpoints are written and which are kept; by default each minute and at the end, the last three.
  /// --checkpoint-every overrides.
  void checkpoint(const CheckpointPolicy& policy);

  /// The run's random numbers: --seed.
  Rng rng();
  /// --device.
  Device device();

  /// Names what the run's state is: a module, an optimizer, a loader, a cell, a scalar. It must live as long as the
  /// loops run.
  class Tracker {
   public:
    explicit Tracker(Run& run) : run_(run) {}
    template <class T> Tracker& operator()(std::string_view name, T& thing) {
      run_.track(name, thing);
      return *this;
    }

   private:
    Run& run_;
  };
  template <class T> Tracker track(std::string_view name, T& thing) {
    track_walk(name, [name = std::string(name), &thing](Visitor& v) { v(name, thing); });
    return Tracker(*this);
  }

  // The loops. They nest to any depth, and several may follow one another.
  EpochRange epochs(int64_t n);
  StepRange steps(int64_t n);
  template <BatchLoader L> BatchRange<L> steps(L& loader) { return BatchRange<L>(live(), loader); }

  /// A metric of this step, or, after a step, of all steps so far. A NaN or an infinity throws TrainingError, unless
  /// --allow-nan.
  void log(std::string_view name, double value, const Context& context = {});
  void log(std::string_view name, const Tensor& value, const Context& context = {});
  void log_text(std::string_view name, std::string_view text);
  /// uint8, or floating in [0, 1], [H, W] (grey) or [3, H, W] (colour): written as PNG.
  void log_image(std::string_view name, const Tensor& image);
  /// Copies a file into the run's artifacts folder, under its own name.
  void artifact(const std::string& path);

  /// Steps committed so far.
  int64_t step() const;
  /// The run's folder; empty until it was made.
  std::string folder() const;

 private:
  template <class T> friend class Kept;
  tracking::Parameters& parameters();
  tracking::LiveRun& live();  // closes the set of parameters
  void track_walk(std::string_view name, std::function<void(Visitor&)> walk);
  tracking::State& state();

  std::unique_ptr<tracking::LiveRun> live_;
};

/// A value that lives across an epoch's steps and is part of the state while it exists: `Kept<double> sum(run, "sum",
/// 0.0)`. When a run is resumed within the loop that it was declared before, it gets its value back. T: a scalar, a
/// text, a vector of double or int64, or a Tensor.
template <class T> class Kept {
 public:
  Kept(Run& run, std::string name, T initial) : run_(run), name_(std::move(name)), value_(std::move(initial)) {
    run_.state().keep(name_, reference());
  }
  ~Kept() { run_.state().release(name_); }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  Kept& operator=(T value) {
    value_ = std::move(value);
    return *this;
  }
  operator T&() { return value_; }              // NOLINT: stands for its value
  operator const T&() const { return value_; }  // NOLINT
  T& value() { return value_; }
  const T& value() const { return value_; }
  template <class U> Kept& operator+=(const U& v) {
    value_ = value_ + v;
    return *this;
  }
  template <class U> Kept& operator-=(const U& v) {
    value_ = value_ - v;
    return *this;
  }
  template <class U> Kept& operator*=(const U& v) {
    value_ = value_ * v;
    return *this;
  }
  Kept& operator++() {
    ++value_;
    return *this;
  }

 private:
  tracking::KeptRef reference() {
    if constexpr (std::same_as<T, Tensor>) return &value_;
    else return ScalarRef(&value_);
  }
  Run& run_;
  std::string name_;
  T value_;
};

}  // namespace stet
