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
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stet/tensor/rng.h"
#include "stet/tensor/stateful.h"
#include "stet/tensor/tensor.h"
#include "stet/tracking/run/checkpoint_policy.h"
#include "stet/tracking/run/description.h"
#include "stet/tracking/run/histogram_policy.h"
#include "stet/tracking/run/kept.h"
#include "stet/tracking/run/loops.h"
#include "stet/tracking/run/parameters.h"
#include "stet/tracking/run/summaries.h"

namespace stet {

using CheckpointPolicy = tracking::CheckpointPolicy;

/// What a metric was measured on, as in {{"subset", "validation"}}. Metrics of one name and other contexts are other
/// series; the order of a context's entries means nothing.
using Context = std::vector<std::pair<std::string, std::string>>;

/// How a metric is logged: `run.log("time/step", seconds, {.varies = true})`.
struct MetricOptions {
  bool varies = false;  ///< differs each time, as times do: no verification compares it
  Context context = {};
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

  /// Declares and reads a parameter: bool, int, int64_t, float, double, a text, or a list of such, as {64, 64} or a
  /// std::vector, whose flag is as in `--layers 64,64`. It is a flag, and it is recorded.
  template <class T> auto param(std::string_view name, const T& standard, const ParamOptions& options = {}) {
    if constexpr (std::convertible_to<T, std::string>) return parameters().param<std::string>(name, standard, options);
    else if constexpr (tracking::require_parameter<T>()) return parameters().param<T>(name, standard, options);
    else return standard;
  }
  template <class E>
  auto param(std::string_view name, std::initializer_list<E> standard, const ParamOptions& options = {}) {
    return param(name, tracking::list_of(standard), options);
  }
  void param(std::string_view, tracking::MixedList, const ParamOptions& = {}) {}
  /// Declares and reads a place: a flag that is recorded, and may differ when the run is resumed.
  std::string path(std::string_view name, std::string_view standard, const PathOptions& options = {});
  /// Declares and reads how the program runs: worker threads, say. A flag that is recorded and may differ when the run
  /// is resumed, as no result may depend on it.
  template <class T> auto execution(std::string_view name, const T& standard, const ParamOptions& options = {}) {
    if constexpr (std::convertible_to<T, std::string>)
      return parameters().execution<std::string>(name, standard, options);
    else if constexpr (tracking::require_parameter<T>()) return parameters().execution<T>(name, standard, options);
    else return standard;
  }
  template <class E>
  auto execution(std::string_view name, std::initializer_list<E> standard, const ParamOptions& options = {}) {
    return execution(name, tracking::list_of(standard), options);
  }
  void execution(std::string_view, tracking::MixedList, const ParamOptions& = {}) {}
  /// When checkpoints are written and which are kept; by default each minute and at the end, the last three.
  /// --checkpoint-every overrides.
  void checkpoint(const CheckpointPolicy& policy);

  /// Names the run and says what it is; at any time, and as often as one likes: what is empty stays as it was, and tags
  /// are added. A run that is resumed keeps what it has until it goes on. Throws UsageError on what is not UTF-8, and
  /// on what can be no tag.
  void describe(const RunDescription& description);

  /// The run's random numbers: --seed.
  Rng rng();
  /// --device.
  Device device();

  /// Names what the run's state is: a module, an optimizer, a loader, a cell, a scalar. It must live as long as the
  /// loops run: the next boundary after a module, optimizer or loader is destroyed throws UsageError.
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
    require_walkable<T>();
    if constexpr (Walkable<T>) track_walk(name, [name = std::string(name), &thing](Visitor& v) { v(name, thing); });
    if constexpr (std::convertible_to<T*, const Stateful*>) watch(name, thing);
    return Tracker(*this);
  }

  // The loops. They nest to any depth, and several may follow one another.
  EpochRange epochs(int64_t n);
  StepRange steps(int64_t n);
  template <BatchLoader L> BatchRange<L> steps(L& loader) { return BatchRange<L>(live(), loader); }

  /// A metric of this step, or, after a step, of all steps so far. A NaN or an infinity throws TrainingError, unless
  /// --allow-nan.
  void log(std::string_view name, double value, const MetricOptions& options = {});
  void log(std::string_view name, const Tensor& value, const MetricOptions& options = {});
  /// With what it was measured on: `run.log("accuracy", a, {{"subset", "validation"}})`.
  template <class Value>
  void log(std::string_view name, const Value& value, std::initializer_list<Context::value_type> context) {
    log(name, value, MetricOptions{.varies = false, .context = context});
  }
  template <class Value, std::same_as<Context> C>
  void log(std::string_view name, const Value& value, const C& context) {
    log(name, value, MetricOptions{.varies = false, .context = context});
  }
  void log_text(std::string_view name, std::string_view text);
  /// uint8, or floating in [0, 1], [H, W] or [1, H, W] (grey), or [3, H, W] (colour): written as PNG.
  void log_image(std::string_view name, const Tensor& image);
  /// Counts of a tensor's values in 30 ranges, as TensorBoard shows them. Values that are not finite throw
  /// TrainingError, or are left out under --allow-nan.
  void log_histogram(std::string_view name, const Tensor& values);
  /// The same of parameters and their gradients, every so many steps. Before the loop.
  void histograms(const HistogramPolicy& policy);
  /// Numbers that belong together, such as one a class.
  void log_vector(std::string_view name, std::span<const double> values);
  /// Keeps a metric's best value in the record: `run.summary("test/accuracy", Best::max)`. Before the loop, and before
  /// its first value.
  void summary(std::string_view name, Best best, const Context& context = {});
  /// How often the use of processor, memory, disk and GPUs is logged under `system/`, by a thread of its own; 0: never.
  /// Every 5 seconds unless this is called. Before the loop.
  void resources(double every_seconds);
  /// Copies a file into the run's artifacts folder, under its own name; where another file has that, its content's hash
  /// is added. Names that are logged or given here are UTF-8, and stand for one kind of thing: else UsageError.
  void artifact(const std::string& path);

  /// Steps committed so far.
  int64_t step() const;
  /// The run's folder; empty until it was made.
  std::string folder() const;

 private:
  friend class tracking::KeptPlace;
  tracking::Parameters& parameters();
  tracking::LiveRun& live();  // closes the set of parameters
  void track_walk(std::string_view name, std::function<void(Visitor&)> walk);
  void watch(std::string_view name, const Stateful& thing);
  tracking::State& state();

  std::unique_ptr<tracking::LiveRun> live_;
};

}  // namespace stet
