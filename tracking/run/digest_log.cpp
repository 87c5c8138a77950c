#include "stet/tracking/run/digest_log.h"

#include <algorithm>
#include <utility>

#include "stet/tensor/backend.h"
#include "stet/tensor/work.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

// Digesting costs less than a hundredth of the steps between; a byte is reckoned as 16 multiply-adds.
constexpr int64_t kWorkPerByte = 16 * 100;

bool same_scalar(const Tensor& a, const Tensor& b) {
  return a.device() == b.device() && a.data() == b.data() && a.dtype() == b.dtype();
}

std::string big_endian(const Digest& digest) {
  std::string bytes;
  for (const uint64_t half : {digest.high, digest.low}) {
    for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(half >> shift));
  }
  return bytes;
}

}  // namespace

ScalarRead DigestLog::read(const Tensor& scalar) const {
  const auto loss =
      std::find_if(losses_.begin(), losses_.end(), [&](const auto& l) { return same_scalar(l.scalar, scalar); });
  return {scalar.detach(), loss != losses_.end() ? loss->read : backend(scalar.device()).read_later(scalar)};
}

void DigestLog::add_loss(const Tensor& scalar) { losses_.push_back(read(scalar)); }

void DigestLog::log_losses(EventSink& sink, Instant at, FiniteCheck check) {
  if (losses_.empty()) return;
  Reads reads;
  for (const ScalarRead& loss : losses_) reads.push_back(loss.read);
  sink.put(at, {}, std::move(reads), [this, check, losses = std::exchange(losses_, {})](record::Event& event) {
    for (const ScalarRead& loss : losses) {
      last_loss_ = loss.number();
      check.loss(event.step(), *last_loss_);
    }
    for (const ScalarRead& loss : losses) event.mutable_loss_digest()->add_bits(loss.bits());
  });
}

void DigestLog::begin_step() { work_before_step_ = work_done(); }

// Of tensor bytes and arithmetic alone, so that every machine chooses the same.
void DigestLog::end_step(const State& state) {
  if (interval_ != 0) return;
  const int64_t work = std::max<int64_t>(work_done() - work_before_step_, 1);
  interval_ = std::max<int64_t>(1, (state.bytes() * kWorkPerByte + work - 1) / work);
}

bool DigestLog::due(Instant at, bool step) const {
  return also_at_.contains(at.tick()) || (step && at.committed.step % interval_ == 0);
}

void DigestLog::log_state(EventSink& sink, Instant at, const State& state, const Digest& run) {
  if (state.empty()) return;
  PendingDigests digests = state.digests_later();
  record::Event event;
  if (digests.names != leaf_names_) {
    for (const std::string& name : digests.names) {
      require_utf8("track", "the name", name);
      event.mutable_state_digest()->add_name(name);
    }
    leaf_names_ = digests.names;
  }
  event.mutable_state_digest()->set_run(big_endian(run));
  tick_ = at.tick();
  Reads reads = digests.reads;
  sink.put(at, std::move(event), std::move(reads), [this, digests = std::move(digests)](record::Event& e) {
    const StateDigests found = digests.take();
    auto* digest = e.mutable_state_digest();
    digest->set_root(big_endian(found.root));
    for (const uint32_t leaf : found.leaves) digest->add_leaf(leaf);
    root_ = found.root.hex();
  });
}

}  // namespace stet::tracking
