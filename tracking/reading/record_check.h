// Whether a record agrees with itself, before anything is run. Private to reading/.
#pragma once

#include <string>
#include <vector>

#include "stet/tracking/reading/run_view.h"

namespace stet::tracking {

/// Empty, or how a run's record, log and checkpoints contradict one another: one line. Reads every checkpoint.
std::string contradiction(const RunView& run);

/// Checkpoint files that the log doesn't mark: a resume passed them over, or a kill came before the mark. Nothing
/// speaks for them.
std::vector<std::string> unmarked_checkpoints(const RunView& run);

}  // namespace stet::tracking
