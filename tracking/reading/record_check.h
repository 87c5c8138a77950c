// Whether a record agrees with itself, before anything is run. Private to reading/.
#pragma once

#include <string>
#include <vector>

#include "stet/tracking/reading/run_view.h"

namespace stet::tracking {

/// Empty, or how a run's record, log and checkpoints contradict one another: one line. Reads every checkpoint.
std::string contradiction(const RunView& run);

/// Files in the run's folder and its checkpoints folder that nothing speaks for: Stet makes none of the name, or the
/// log doesn't mark the checkpoint, which a resume passed over, or a kill left.
std::vector<std::string> foreign_files(const RunView& run);

}  // namespace stet::tracking
