// Digests of what a checkpoint holds: what the log has of the boundary at which it was made.
#pragma once

#include <vector>

#include "stet/tensor/digest.h"
#include "stet/tracking/record/checkpoint.h"

namespace stet::tracking {

/// As State's digest of the same state (tensor/digest.h); what lies under `stet/` is the run's
/// own, and not in it.
Digest state_digest(const Checkpoint& checkpoint);

/// The same of the run's own scalars, under `stet/`: position in the loops, epochs, hyperparameters. Others are passed
/// over.
Digest run_digest(const std::vector<ScalarEntry>& scalars);

}  // namespace stet::tracking
