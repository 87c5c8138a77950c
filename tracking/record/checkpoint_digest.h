// The digest of the state that a checkpoint holds: what the log has of the boundary at which it was made.
#pragma once

#include <string>

#include "stet/tracking/record/checkpoint.h"

namespace stet::tracking {

/// 32 hexadecimal digits, as State's digest of the same state (tensor/digest.h); what lies under `stet/` is the run's
/// own, and not in it.
std::string state_digest(const Checkpoint& checkpoint);

}  // namespace stet::tracking
