// Metrics that a program asks something of and never logs.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "stet/tracking/record/folder.h"

namespace stet::tracking {

/// A metric and the call that asked for it.
using AskedMetric = std::pair<const char*, std::string>;

/// A line for each metric that the run's log has under no context, with the name it has that is nearest. Reads the
/// whole log, unless nothing is asked. Throws DataError on a damaged one.
std::vector<std::string> unlogged_metrics(const Folder& run, const std::vector<AskedMetric>& asked);

}  // namespace stet::tracking
