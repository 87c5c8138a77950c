// What a run may be called.
#pragma once

#include <string_view>

namespace stet::tracking {

/// Throws UsageError that begins with `call` where a name can't be a run's: it has no visible characters, or others
/// too, or means something else wherever runs are named, as `latest` does.
void require_run_name(std::string_view call, std::string_view name);

}  // namespace stet::tracking
