// What a run logs besides its digests.
#include <cmath>
#include <limits>

#include "stet/tensor/error.h"
#include "stet/tracking/events.h"
#include "stet/tracking/live_run.h"
#include "stet/tracking/png.h"

namespace stet::tracking {

double with_plain_nan(double value) { return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value; }

void LiveRun::append(record::Event event) {
  event.set_step(step_now());
  event.set_tick(tick_);
  writer_->append(event);
}

// A step's events are flushed with it; no boundary may follow soon on others.
void LiveRun::append_logged(const record::Event& event) {
  append(event);
  if (!in_step_) writer_->flush();
}

void LiveRun::log(std::string_view name, double value, const Context& context) {
  close();
  if (mute()) return;
  value = with_plain_nan(value);
  if (!allow_nan_ && !std::isfinite(value)) {
    raise<TrainingError>("step {}: {} is {}; log finite values, or go on with --allow-nan", step_now(), name, value);
  }
  if (!begun_) begin();
  if (name == policy_.best_metric && context.empty()) note_metric(value);
  append_logged(scalar_event(step_now(), tick_, name, value, context));
}

void LiveRun::log_text(std::string_view name, std::string_view text) {
  close();
  if (mute()) return;
  if (!begun_) begin();
  append_logged(text_event(step_now(), tick_, name, text));
}

void LiveRun::log_image(std::string_view name, const Tensor& image) {
  close();
  if (mute()) return;
  if (!begun_) begin();
  const Png png = encode_png(image);
  append_logged(image_event(step_now(), tick_, name, png.width, png.height, png.bytes));
}

void LiveRun::artifact(const Path& file) {
  close();
  if (mute()) return;
  if (!begun_) begin();
  const Path folder = held_->folder / "artifacts";
  fs_.make_directory(folder);
  replace_file(fs_, folder / file.filename(), as_bytes(read_file(file)));
}

void LiveRun::loss(const Tensor& value) {
  if (!mute()) losses_.push_back(value.detach());
}

}  // namespace stet::tracking
