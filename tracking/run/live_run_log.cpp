// What a run logs.
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tracking/capture/environment.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/record/png.h"
#include "stet/tracking/run/live_run.h"

namespace stet::tracking {

double with_plain_nan(double value) { return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value; }

namespace {

// A device may be so many boundaries behind the program before it is waited for.
constexpr int64_t most_behind = 16;

Tensor scalar_of(const Tensor& like, std::span<const std::byte> bytes) {
  const Tensor scalar = Tensor::uninitialized(like.shape(), like.dtype());
  std::memcpy(scalar.mutable_data(), bytes.data(), bytes.size());
  return scalar;
}

}  // namespace

void LiveRun::append(record::Event event, Reads reads, std::function<void(record::Event&)> complete) {
  event.set_step(step_now());
  event.set_tick(tick_);
  event.set_wall_time(unix_time());
  outbox_.put(*writer_, {std::move(event), now(), std::move(reads), std::move(complete)});
}

void LiveRun::send() {
  try {
    outbox_.send(*writer_, now().tick - most_behind);
  } catch (...) {
    failed_ = outbox_.take_failed();
    throw;
  }
}

void LiveRun::drain() {
  try {
    outbox_.drain(*writer_);
  } catch (...) {
    failed_ = outbox_.take_failed();
    throw;
  }
}

// A step's events are flushed with it; no boundary may follow soon on others.
void LiveRun::append_logged(record::Event event) {
  append(std::move(event));
  if (in_step_) return;
  drain();
  writer_->flush();
}

void LiveRun::require_finite(std::string_view name, double value, int64_t step) const {
  if (allow_nan_ || std::isfinite(value)) return;
  raise<TrainingError>("step {}: {} is {}; log finite values, or go on with --allow-nan", step, name, value);
}

void LiveRun::log(std::string_view name, double value, const Context& context) {
  close();
  if (mute()) return;
  value = with_plain_nan(value);
  require_finite(name, value, step_now());
  if (!begun_) begin();
  if (name == policy_.best_metric && context.empty()) note_metric(value);
  append_logged(scalar_event(step_now(), tick_, name, value, context));
}

void LiveRun::log(std::string_view name, const Tensor& value, const Context& context) {
  close();
  if (mute()) return;
  const bool wanted_now = !begun_ || name == policy_.best_metric;
  if (wanted_now || value.device() == cpu || value.elements() != 1) return log(name, value.item<double>(), context);
  const auto read = read_of(value);
  append({}, {read}, [this, read, value = value.detach(), name = std::string(name), context](record::Event& event) {
    const double number = with_plain_nan(scalar_of(value, read->bytes()).item<double>());
    require_finite(name, number, event.step());
    *event.mutable_summary() = scalar_event(event.step(), event.tick(), name, number, context).summary();
  });
}

// A loss that is a metric too crosses once.
std::shared_ptr<PendingRead> LiveRun::read_of(const Tensor& scalar) const {
  for (const Loss& loss : losses_) {
    if (loss.value.device() == scalar.device() && loss.value.data() == scalar.data() &&
        loss.value.dtype() == scalar.dtype())
      return loss.read;
  }
  return backend(scalar.device()).read_later(scalar);
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
  if (!mute()) losses_.push_back({value.detach(), read_of(value)});
}

void LiveRun::log_losses() {
  if (losses_.empty()) return;
  Reads reads;
  for (const Loss& loss : losses_) reads.push_back(loss.read);
  append({}, std::move(reads), [this, losses = std::exchange(losses_, {})](record::Event& event) {
    for (const auto& [value, read] : losses) {
      last_loss_ = with_plain_nan(scalar_of(value, read->bytes()).item<double>());
      if (!allow_nan_ && !std::isfinite(*last_loss_)) {
        raise<TrainingError>("step {}: the loss is {}; lower the learning rate, or go on with --allow-nan",
                             event.step(), *last_loss_);
      }
    }
    for (const auto& [value, read] : losses) {
      const Tensor loss = scalar_of(value, read->bytes());
      if (loss.dtype() == DType::float64) {
        const auto number = loss.item<double>();
        event.mutable_loss_digest()->add_bits(std::isnan(number) ? 0x7ff8000000000000
                                                                 : std::bit_cast<uint64_t>(number));
      } else {
        const auto number = loss.item<float>();
        event.mutable_loss_digest()->add_bits(std::isnan(number) ? 0x7fc00000 : std::bit_cast<uint32_t>(number));
      }
    }
  });
}

void LiveRun::log_digest() {
  if (state_.empty()) return;
  PendingDigests digests = state_.digests_later();
  record::Event event;
  if (digests.names != leaf_names_) {
    for (const std::string& name : digests.names) event.mutable_state_digest()->add_name(name);
    leaf_names_ = digests.names;
  }
  digest_tick_ = tick_;
  Reads reads = digests.reads;
  append(std::move(event), std::move(reads), [this, digests = std::move(digests)](record::Event& e) {
    const StateDigests found = digests.take();
    auto* digest = e.mutable_state_digest();
    for (const uint64_t half : {found.root.high, found.root.low}) {
      for (int shift = 56; shift >= 0; shift -= 8) digest->mutable_root()->push_back(static_cast<char>(half >> shift));
    }
    for (const uint32_t leaf : found.leaves) digest->add_leaf(leaf);
    root_ = found.root.hex();
  });
}

}  // namespace stet::tracking
