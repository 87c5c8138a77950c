// Checkpoints of a run that later ones have superseded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stet/tracking/keeping/kept_programs.h"
#include "stet/tracking/record/file_system.h"

namespace stet::tracking {

/// Which checkpoints stay.
struct CheckpointRule {
  int keep_last = 1;      ///< so many of the newest from which the run can go on; at least one
  bool keep_best = true;  ///< and the best by the metric that the run chose, where it chose one
};

/// A run's superseded checkpoints.
struct Superseded {
  Path run;
  std::string id;
  std::vector<NamedFile> files;  ///< in its folder `checkpoints`, by ascending steps
  int kept = 0;                  ///< how many others there are
};

/// What a rule leaves superfluous. A checkpoint that is not whole, not as it was sealed, or that the log holds no
/// digest of, counts for none of those that stay, and stays. Throws UsageError where a process holds the run; DataError
/// where it was altered since it ended or can't be read; IoError.
Superseded superseded_checkpoints(const Path& run, const CheckpointRule& rule);

/// Deletes them, while nobody else holds the run: an act in notes/ names each with its size and SHA-256 before the
/// first goes. Of those that the rule wants to stay by now none goes. Returns those that were deleted; throws as above.
std::vector<NamedFile> delete_superseded(FileSystem& fs, const Superseded& superseded, const CheckpointRule& rule);

}  // namespace stet::tracking
