// What the log holds for verification: the bits of each step's losses, and digests of the state.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "stet/tensor/tensor.h"
#include "stet/tracking/run/event_sink.h"
#include "stet/tracking/run/finite_check.h"
#include "stet/tracking/run/position.h"
#include "stet/tracking/run/scalar_read.h"
#include "stet/tracking/run/state.h"

namespace stet::tracking {

/// Events that it has put refer to it: it must live until the sink has handed them on.
class DigestLog {
 public:
  /// `also_at`: boundaries at which the state is digested, besides every so many steps.
  explicit DigestLog(std::set<uint64_t> also_at = {}) : also_at_(std::move(also_at)) {}

  /// A loss of the step at hand.
  void add_loss(const Tensor& scalar);
  void forget_losses() { losses_.clear(); }
  /// A scalar on its way to the host: one that is a loss of this step crosses once.
  ScalarRead read(const Tensor& scalar) const;
  /// Logs the step's losses, if it had any; the event's completion throws TrainingError on one that is not finite.
  void log_losses(EventSink& sink, Instant at, FiniteCheck check);
  /// The last that arrived, of all steps.
  std::optional<double> last_loss() const { return last_loss_; }

  /// Steps between digests of the state; 0: not chosen yet.
  int64_t interval() const { return interval_; }
  void set_interval(int64_t steps) { interval_ = steps; }
  void begin_step();
  /// Chooses the interval, of the first step.
  void end_step(const State& state);
  bool due(Instant at, bool step) const;
  /// Logs the state's digest, where there is a state, and that of the run's own.
  void log_state(EventSink& sink, Instant at, const State& state, const Digest& run);

  /// At this boundary the state is that of a checkpoint whose digest the log has.
  void set_restored(Instant at) { tick_ = at.tick(); }
  /// Does the log have the state's digest of this boundary?
  bool covers(Instant at) const { return tick_ == at.tick(); }
  /// The last digest that arrived, in hex; empty: none has.
  const std::string& root() const { return root_; }

 private:
  const std::set<uint64_t> also_at_;
  std::vector<ScalarRead> losses_;
  std::optional<double> last_loss_;
  int64_t interval_ = 0;
  int64_t work_before_step_ = 0;
  std::optional<uint64_t> tick_;         // of the last digest
  std::vector<std::string> leaf_names_;  // as last logged in this segment
  std::string root_;
};

}  // namespace stet::tracking
