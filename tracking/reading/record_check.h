// Whether a record agrees with itself, before anything is run. Private to reading/.
#pragma once

#include <string>

#include "stet/tracking/reading/run_view.h"

namespace stet::tracking {

/// Empty, or how a run's record, log and checkpoints contradict one another: one line. Reads every checkpoint.
std::string contradiction(const RunView& run);

}  // namespace stet::tracking
