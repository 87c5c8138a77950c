// Runs that are on their way into a folder of runs: `.incoming/<run>.<version>` below it, which is no run for anybody
// until it is whole, and is then renamed.
#pragma once

#include <string>
#include <vector>

#include "stet/tracking/record/file_system.h"

namespace stet::tracking {

inline constexpr std::string_view kIncomingFolder = ".incoming";
/// Seconds after which one that nobody writes to is left over: a day.
inline constexpr double kStaleArrival = 86'400;

struct Arriving {
  std::string name;  ///< in the folder of those that arrive
  Path folder;
  double age = 0;  ///< seconds since anything in it changed
  int64_t bytes = 0;
};

/// Those of a folder of runs. Throws IoError.
std::vector<Arriving> arriving_runs(const Path& runs);

}  // namespace stet::tracking
