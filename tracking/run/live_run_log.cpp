// What a run logs.
#include <utility>

#include "stet/tensor/error.h"
#include "stet/tracking/record/png.h"
#include "stet/tracking/record/text.h"
#include "stet/tracking/run/artifacts.h"
#include "stet/tracking/run/live_run.h"

namespace stet::tracking {

bool LiveRun::heard() {
  close();
  return !mute();
}

void LiveRun::log(std::string_view name, double value, const MetricOptions& options) {
  if (!heard()) return;
  const ScalarForm& series = names_.series(name, options.context, options.varies);
  value = with_plain_nan(value);
  finite().metric(now_.step(), name, value);
  begin();
  if (options.context.empty()) checkpoints_.note_metric(name, value);
  summaries_.note(now_.step(), name, options.context, value, options.varies);
  sink_.put_scalar(now_, series, value);
}

void LiveRun::log(std::string_view name, const Tensor& value, const MetricOptions& options) {
  if (!heard()) return;
  if (value.elements() != 1) {
    raise("log: '{}' has shape {}, not one element; reduce it with mean() or sum(), or give it to log_histogram", name,
          value.shape().to_string());
  }
  const bool wanted_now = !begun() || name == checkpoints_.policy().best_metric;
  if (wanted_now || value.device() == cpu) return log(name, value.item<double>(), options);
  names_.series(name, options.context, options.varies);
  const ScalarRead scalar = digests_.read(value);
  sink_.put(now_, {}, {scalar.read},
            [this, scalar, check = finite(), name = std::string(name), options](record::Event& event) {
              const double number = scalar.number();
              check.metric(event.step(), name, number);
              summaries_.note(event.step(), name, options.context, number, options.varies);
              *event.mutable_summary() = scalar_event(name, number, options.context, options.varies).summary();
            });
}

void LiveRun::log_text(std::string_view name, std::string_view text) {
  if (!heard()) return;
  names_.add("log_text", name, {}, LoggedNames::Kind::text);
  begin();
  sink_.put_logged(now_, text_event(name, to_utf8(text)));
}

void LiveRun::log_image(std::string_view name, const Tensor& image) {
  if (!heard()) return;
  names_.add("log_image", name, {}, LoggedNames::Kind::image);
  begin();
  const Png png = encode_png(image);
  sink_.put_logged(now_, image_event(name, png.width, png.height, png.bytes));
}

void LiveRun::log_histogram(std::string_view name, const Tensor& values) {
  if (!heard()) return;
  names_.add("log_histogram", name, {}, LoggedNames::Kind::histogram);
  const auto numbers = finite_values(now_.step(), name, values, flags_.allow_nan);
  begin();
  sink_.put_logged(now_, histogram_event(name, buckets_of(numbers)));
}

void LiveRun::log_vector(std::string_view name, std::span<const double> values) {
  if (!heard()) return;
  names_.add("log_vector", name, {}, LoggedNames::Kind::vector);
  std::vector<double> plain;
  for (const double value : values) {
    plain.push_back(with_plain_nan(value));
    finite().metric(now_.step(), name, plain.back());
  }
  begin();
  sink_.put_logged(now_, vector_event(name, plain));
}

void LiveRun::summary(std::string_view name, Best best, const Context& context) {
  close();
  if (depth() > 0)
    raise("summary: '{}' is asked for within a loop, where a resumed run could not; ask before the loop", name);
  names_.check("summary", name, context);
  if (names_.has(name, context)) raise("summary: '{}' was logged already; ask before the first value", name);
  summaries_.add(name, context, best);
}

bool LiveRun::wants_histograms() const {
  return histograms_.every_steps > 0 && (steps() + 1) % histograms_.every_steps == 0;
}

void LiveRun::log_weights() {
  if (!histograms_.weights) return;
  for (const auto& [name, value] : weights_of(state_)) log_histogram(name, value);
}

void LiveRun::gradients(const Gradients& gradients) {
  if (mute() || depth() == 0 || !wants_histograms() || !histograms_.gradients) return;
  for (const auto& [name, value] : gradients_of(state_, gradients)) log_histogram(name, value);
}

void LiveRun::artifact(const Path& file) {
  if (!heard()) return;
  check_artifact_name(file);
  begin();
  keep_artifact(fs_, held_->folder, file);
}

// Readings say when they were taken by the boundary that was behind; no digest and no comparison has them.
void LiveRun::watch_resources() {
  if (replay_ || resources_every_ <= 0 || resources_) return;
  resources_ = std::make_unique<ResourceMonitor>(
      held_->folder, std::chrono::duration<double>(resources_every_), [this](const Readings& readings) {
        std::string values;
        for (const auto& [name, value] : readings) ScalarForm(name, {}, false).append(values, value);
        sink_.put_apart({resource_stamp_.step, static_cast<uint64_t>(resource_stamp_.tick)}, values);
      });
}

void LiveRun::log_time_left() {
  static const ScalarForm form("system/seconds_left", {}, false);
  if (const auto seconds = progress_.seconds_left()) sink_.put_scalar(now_, form, *seconds);
}

}  // namespace stet::tracking
