// Events as if a run had logged them.
#pragma once

#include <cstdint>

#include "stet/tracking/record/event.pb.h"

namespace stet::tracking {

/// The event, of that step and boundary.
inline record::Event stamped(int64_t step, uint64_t tick, record::Event event) {
  event.set_step(step);
  event.set_tick(tick);
  return event;
}

}  // namespace stet::tracking
