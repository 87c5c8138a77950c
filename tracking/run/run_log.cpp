#include "stet/tracking/run/run_log.h"

#include <string>
#include <utility>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tracking/record/png.h"
#include "stet/tracking/record/text.h"
#include "stet/tracking/run/histograms.h"

namespace stet::tracking {

RunLog::RunLog(const Instant& now, EventSink& sink, const DigestLog& digests, Checkpointer& checkpoints,
               std::function<void()> begin)
    : now_(now), sink_(sink), digests_(digests), checkpoints_(checkpoints), begin_(std::move(begin)) {}

void RunLog::number(std::string_view name, double value, const MetricOptions& options) {
  const ScalarForm& series = names_.series(name, options.context, options.varies);
  value = with_plain_nan(value);
  finite_.metric(now_.step(), name, value);
  begin();
  if (options.context.empty()) checkpoints_.note_metric(name, value);
  summaries_.note(now_.step(), name, options.context, value, options.varies);
  sink_.put_scalar(now_, series, value);
}

void RunLog::number(std::string_view name, const Tensor& value, const MetricOptions& options) {
  if (value.elements() != 1) {
    raise("log: '{}' has shape {}, not one element; reduce it with mean() or sum(), or give it to log_histogram", name,
          value.shape().to_string());
  }
  const bool wanted_now = !sink_.is_open() || name == checkpoints_.policy().best_metric;
  if (wanted_now || value.device() == cpu) return number(name, value.item<double>(), options);
  names_.series(name, options.context, options.varies);
  const ScalarRead scalar = digests_.read(value);
  sink_.put(now_, {}, {scalar.read}, [this, scalar, name = std::string(name), options](record::Event& event) {
    const double number = scalar.number();
    finite_.metric(event.step(), name, number);
    summaries_.note(event.step(), name, options.context, number, options.varies);
    *event.mutable_summary() = scalar_event(name, number, options.context, options.varies).summary();
  });
}

void RunLog::text(std::string_view name, std::string_view text) {
  names_.add("log_text", name, {}, LoggedNames::Kind::text);
  begin();
  sink_.put_logged(now_, text_event(name, to_utf8(text)));
}

void RunLog::image(std::string_view name, const Tensor& image) {
  names_.add("log_image", name, {}, LoggedNames::Kind::image);
  begin();
  const Png png = encode_png(image);
  sink_.put_logged(now_, image_event(name, png.width, png.height, png.bytes));
}

void RunLog::histogram(std::string_view name, const Tensor& values) {
  names_.add("log_histogram", name, {}, LoggedNames::Kind::histogram);
  const auto numbers = finite_values(now_.step(), name, values, allow_nan_);
  begin();
  sink_.put_logged(now_, histogram_event(name, buckets_of(numbers)));
}

void RunLog::vector(std::string_view name, std::span<const double> values) {
  names_.add("log_vector", name, {}, LoggedNames::Kind::vector);
  std::vector<double> plain;
  for (const double value : values) {
    plain.push_back(with_plain_nan(value));
    finite_.metric(now_.step(), name, plain.back());
  }
  begin();
  sink_.put_logged(now_, vector_event(name, plain));
}

void RunLog::summarize(std::string_view name, Best best, const Context& context) {
  names_.check("summary", name, context);
  if (names_.has(name, context)) raise("summary: '{}' was logged already; ask before the first value", name);
  summaries_.add(name, context, best);
}

bool RunLog::wants_histograms() const {
  return histograms_.every_steps > 0 && (now_.committed.step + 1) % histograms_.every_steps == 0;
}

void RunLog::weights(const State& state) {
  if (!histograms_.weights || !wants_histograms()) return;
  for (const auto& [name, value] : weights_of(state)) histogram(name, value);
}

void RunLog::gradients(const State& state, const Gradients& gradients) {
  if (!histograms_.gradients || !wants_histograms()) return;
  for (const auto& [name, value] : gradients_of(state, gradients)) histogram(name, value);
}

}  // namespace stet::tracking
