// How `stet` prints what several verbs print.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "stet/tracking/reading/run_view.h"

namespace stet::tracking::cli {

using Json = nlohmann::ordered_json;

/// Seconds since 1970 as 2026-01-31 23:59:59, local time.
std::string local_time(double seconds);

/// A run as `stet ls --json` prints it.
Json short_json(const RunView& run);
/// A run as `stet show --json` prints it.
Json full_json(const RunView& run);

}  // namespace stet::tracking::cli
