// Whether a log's events are as Stet writes them. Private to reading/.
#pragma once

#include <string>

#include "stet/tracking/record/folder.h"

namespace stet::tracking {

/// Empty, or the first event of a run's effective log that no run writes: whose parts say different things, as a
/// number for TensorBoard that isn't the metric's. One line. Throws DataError on a damaged log.
std::string find_odd_event(const Folder& run);

}  // namespace stet::tracking
