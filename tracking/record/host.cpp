#include "stet/tracking/record/host.h"

#include <pwd.h>
#include <unistd.h>

#include "stet/tracking/record/text.h"

namespace stet::tracking {

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? to_utf8(name) : "";
}

std::string login_name() {
  passwd entry{}, *found = nullptr;
  char buffer[4096];
  if (::getpwuid_r(::geteuid(), &entry, buffer, sizeof buffer, &found) != 0 || !found)
    return std::to_string(::geteuid());
  return to_utf8(found->pw_name);
}

}  // namespace stet::tracking
