// Whether a run's program may be run without asking. Private to tracking/.
#pragma once

#include <string>
#include <vector>

#include "stet/tracking/record/file_system.h"
#include "stet/tracking/record/record.pb.h"

namespace stet::tracking {

/// Why running these programs, kept in the folder of runs, as the run's record has it could be doing somebody else's
/// will: the run is not in the user's list of runs with such a program and such a record, another user owns its folder,
/// its record or a program, or anybody may write there. Empty where it is not.
std::string why_distrusted(const Folder& run, const Folder& runs, const record::RunRecord& record,
                           const std::vector<record::Program>& programs);

}  // namespace stet::tracking
