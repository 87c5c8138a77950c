// The tracked state of a run: what `run.track` and `Kept` name, as checkpoint entries, as digests, and restored.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "stet/tensor/digest.h"
#include "stet/tensor/pending_read.h"
#include "stet/tensor/stateful.h"
#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/run/kept.h"

namespace stet::tracking {

/// Digests of the state: a root, and 32 bits for each tensor and scalar in walk order.
struct StateDigests {
  Digest root;
  std::vector<std::string> names;
  std::vector<uint32_t> leaves;
};

/// The same where tensors of a device are digested there, and the digests come later.
struct PendingDigests {
  std::vector<std::string> names;
  std::vector<std::shared_ptr<PendingRead>> reads;
  /// Waits for the reads.
  StateDigests take() const;

  /// A digest: known, or in one of the reads.
  struct Part {
    Digest known;
    std::optional<size_t> read;
    size_t position = 0;
  };
  std::vector<Part> parts;
};

/// A hyperparameter or an execution setting that a tracked thing reports of itself.
struct Reported {
  std::string path;
  Value value;
  bool execution;
};

/// A tracked tensor's place, for the record.
struct TrackedShape {
  std::string path;
  DType dtype;
  Shape shape;
  std::string alias_of;
};

class State {
 public:
  /// `walk` names the thing to a visitor: `v(name, thing)`. Throws UsageError on a name that is taken.
  void track(std::string name, std::function<void(Visitor&)> walk);
  /// What is tracked under that name is this thing, which from now on tells when it is destroyed.
  void watch(std::string_view name, const Stateful& thing);
  /// It was destroyed: from now on a walk throws UsageError that names it.
  void gone(const Stateful& thing) noexcept;
  void keep(const std::string& name, KeptRef value);
  void release(const std::string& name);

  /// The run's: there a Kept tensor goes that has no value yet when it is restored.
  void set_device(Device device) { device_ = device; }
  bool empty() const { return tracked_.empty() && kept_.empty(); }
  /// Is it tracked, by itself or as a part?
  bool holds(const Stateful& thing) const;
  /// Throws UsageError that names the step, unless the optimizer that trains and the parameters that it trains are
  /// tracked.
  void require_tracked(int64_t step, const Stateful& optimizer,
                       const std::vector<std::shared_ptr<CellState>>& parameters) const;
  /// Bytes of all tensors.
  int64_t bytes() const;

  /// Adds all of the state to a checkpoint. Tensors are shared, vectors referred to: encode it before the state
  /// changes.
  void save(Checkpoint& checkpoint) const;
  /// Sets all of the state from a checkpoint; entries under `stet/` are the run's own. Throws UsageError that names
  /// every missing, extra and misshapen entry, and then nothing has been changed.
  void restore(const Checkpoint& checkpoint);
  /// Sets what can be set now, without complaint: for the loops around the one where restore() is due.
  void restore_what_fits(const Checkpoint& checkpoint);

  /// Everything that is tracked, and kept values.
  void visit(Visitor& v) const { walk(v); }
  PendingDigests digests_later() const;
  std::vector<Reported> reported() const;
  std::vector<TrackedShape> shapes() const;
  int64_t parameter_count() const;
  /// Throws UsageError when there are parameters and none of them is on the run's device.
  void require_on_device() const;
  /// One line for each tracked thing and its parts, as they describe themselves.
  std::string summary() const;

 private:
  bool is_taken(std::string_view name) const;
  void walk(Visitor& v) const;
  bool is_on(Device device) const;

  struct Tracked {
    std::string name;
    std::function<void(Visitor&)> walk;
    const Stateful* watched = nullptr;
    bool gone = false;
  };

  std::vector<Tracked> tracked_;
  std::vector<std::pair<std::string, KeptRef>> kept_;
  Device device_ = cpu;
};

/// The first parameter of a checkpoint that holds a NaN or an infinity; empty: none does.
std::string non_finite_parameter(const Checkpoint& checkpoint);

}  // namespace stet::tracking
