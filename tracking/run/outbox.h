// Events on their way to the log. Those that wait for a device's values hold back all that follow, so the log has the
// order in which things happened, and within a step nothing waits for the device.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "stet/tensor/pending_read.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/run/log_queue.h"
#include "stet/tracking/run/position.h"

namespace stet::tracking {

using Reads = std::vector<std::shared_ptr<PendingRead>>;
/// Puts into an event what its reads brought; may throw. None: nothing is missing.
using Completion = std::function<void(record::Event&)>;

struct Outgoing {
  record::Event event;  ///< with its step, tick and time
  Instant at;
  Reads reads;
  Completion complete;
};

class Outbox {
 public:
  /// The event comes behind those before it; one that waits for nothing goes straight to the log.
  void put(LogQueue& log, Outgoing event);
  /// Hands on to the log what has arrived, and waits for what happened before the tick. Throws what an event's
  /// completion throws; that event is then taken out.
  void send(LogQueue& log, int64_t wait_before);
  void drain(LogQueue& log) { send(log, INT64_MAX); }
  void clear() { waiting_.clear(); }
  bool empty() const { return waiting_.empty(); }

  /// The last event that had waited and failed, if it was not asked for yet.
  std::optional<Outgoing> take_failed() { return std::exchange(failed_, std::nullopt); }

 private:
  std::deque<Outgoing> waiting_;
  std::optional<Outgoing> failed_;
};

}  // namespace stet::tracking
