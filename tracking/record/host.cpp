#include "stet/tracking/record/host.h"

#include <unistd.h>

#include "stet/tracking/record/text.h"

namespace stet::tracking {

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? to_utf8(name) : "";
}

}  // namespace stet::tracking
