#include "stet/tracking/record/run_name.h"

#include <string>

#include "stet/tensor/error.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {

void require_run_name(std::string_view call, std::string_view name) {
  require_utf8(call, "the name", name);
  if (name.find_first_not_of(" \t\r\n") == name.npos) raise("{}: the name is empty", call);
  const std::string seen = printable(name);
  if (seen != name) raise("{}: the name '{}' has characters that can't be seen", call, seen);
  if (name == "latest") raise("{}: `latest` is always the newest run; take another name", call);
  if (name == "." || name == "..") raise("{}: '{}' is always a folder; take another name", call, name);
}

}  // namespace stet::tracking
