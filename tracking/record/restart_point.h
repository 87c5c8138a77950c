// From where a run goes on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/record/checkpoint.h"

namespace stet::tracking {

/// A checkpoint, and those that were passed over.
struct RestartPoint {
  std::optional<Checkpoint> checkpoint;  ///< none: begin at step 0
  std::vector<std::string> passed_over;  ///< newer ones: one line each that names the file and says why
};

/// The newest checkpoint of a run that is whole, is the one that the run's seal lists (where it has a seal), holds the
/// state whose digest was logged at its boundary, and up to which the log can be read. None where there is no whole
/// checkpoint. Throws DataError that names the damage where there are whole ones, and the log before each is damaged.
RestartPoint find_restart_point(const Folder& run);

/// Would the run go on from that checkpoint, if it were the newest?
bool can_restart_from(const Folder& run, const Entry& checkpoint);

}  // namespace stet::tracking
