#include "stet/tracking/run/outbox.h"

#include <algorithm>

namespace stet::tracking {
namespace {

bool has_arrived(const Outgoing& event) {
  return std::all_of(event.reads.begin(), event.reads.end(), [](const auto& read) { return read->arrived(); });
}

}  // namespace

void Outbox::put(LogQueue& log, Outgoing event) {
  if (!waiting_.empty() || !has_arrived(event)) return waiting_.push_back(std::move(event));
  if (event.complete) event.complete(event.event);
  log.append(event.event);
}

void Outbox::send(LogQueue& log, int64_t wait_before) {
  while (!waiting_.empty() && (waiting_.front().at.committed.tick < wait_before || has_arrived(waiting_.front()))) {
    Outgoing next = std::move(waiting_.front());
    waiting_.pop_front();
    try {
      if (next.complete) next.complete(next.event);
    } catch (...) {
      failed_ = std::move(next);
      throw;
    }
    log.append(next.event);
  }
}

}  // namespace stet::tracking
