// Whether a run's program may be run without asking. Private to tracking/.
#pragma once

#include <string>
#include <vector>

#include "stet/tracking/record/file_system.h"
#include "stet/tracking/record/record.pb.h"

namespace stet::tracking {

/// Why running these programs, kept in the folder of runs, for the run `id` could be running somebody else's: the run
/// is not in the user's list of runs with such a program, or another user owns its folder or a program. Empty where it
/// is not.
std::string why_distrusted(const Folder& run, const Folder& runs, const std::string& id,
                           const std::vector<record::Program>& programs);

}  // namespace stet::tracking
