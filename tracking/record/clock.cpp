#include "stet/tracking/record/clock.h"

#include <chrono>

namespace stet::tracking {

double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace stet::tracking
