// Windows of series: from buckets of the index, and from logs where these are too coarse.
#pragma once

#include <vector>

#include "stet/tracking/reading/index/database.h"
#include "stet/tracking/reading/run_index.h"

namespace stet::tracking {

/// One for each that is asked for. Throws DatabaseError.
std::vector<SeriesWindow> read_windows(const Database& database, const std::vector<RunWindow>& asked);

}  // namespace stet::tracking
