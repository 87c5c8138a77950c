// What a program logs of its training: numbers, texts, images, histograms and vectors.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "stet/tensor/autograd.h"
#include "stet/tensor/tensor.h"
#include "stet/tracking/run/checkpointer.h"
#include "stet/tracking/run/digest_log.h"
#include "stet/tracking/run/event_sink.h"
#include "stet/tracking/run/finite_check.h"
#include "stet/tracking/run/histogram_policy.h"
#include "stet/tracking/run/logged_names.h"
#include "stet/tracking/run/position.h"
#include "stet/tracking/run/run.h"
#include "stet/tracking/run/state.h"
#include "stet/tracking/run/summaries.h"

namespace stet::tracking {

/// Each name stands for one kind of thing. What is refused throws before anything of it is in the log: UsageError on a
/// name, TrainingError on values that are not finite, unless they are allowed.
class RunLog {
 public:
  /// `now` says when something is logged; `begin` opens the sink, before the first of it. All outlive this, and events
  /// that this has put refer to it: it must live until the sink has handed them on.
  RunLog(const Instant& now, EventSink& sink, const DigestLog& digests, Checkpointer& checkpoints,
         std::function<void()> begin);
  void allow_nan(bool allowed) { finite_ = FiniteCheck(allow_nan_ = allowed); }

  void number(std::string_view name, double value, const MetricOptions& options);
  /// A scalar of a device is read when it has arrived.
  void number(std::string_view name, const Tensor& value, const MetricOptions& options);
  void text(std::string_view name, std::string_view text);
  void image(std::string_view name, const Tensor& image);
  void histogram(std::string_view name, const Tensor& values);
  void vector(std::string_view name, std::span<const double> values);

  /// A metric's best value is to be kept from now on; before its first value.
  void summarize(std::string_view name, Best best, const Context& context);
  const Summaries& summaries() const { return summaries_; }
  /// Of a run that is resumed: the values that its log holds. Throws DataError on a damaged one.
  void recall(const Folder& run) { summaries_.recall(run); }

  void set_histograms(const HistogramPolicy& policy) { histograms_ = policy; }
  /// Those of the step at hand, where the policy wants any of it.
  void weights(const State& state);
  void gradients(const State& state, const Gradients& gradients);

 private:
  void begin() {
    if (!sink_.is_open()) begin_();
  }
  bool wants_histograms() const;

  const Instant& now_;
  EventSink& sink_;
  const DigestLog& digests_;
  Checkpointer& checkpoints_;
  const std::function<void()> begin_;
  bool allow_nan_ = false;
  FiniteCheck finite_;
  LoggedNames names_;
  Summaries summaries_;
  HistogramPolicy histograms_;
};

}  // namespace stet::tracking
