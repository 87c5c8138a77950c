// Holding the record that a replay writes against the one recorded, field by field. Private to reading/.
#pragma once

#include <string>
#include <vector>

#include "stet/tracking/reading/rerun.h"

namespace stet::tracking::record {
class RunRecord;
}

namespace stet::tracking {

/// In what two records differ, each in one line that names the field: "params[lr].value: 0.06, and run again 0.05".
/// Every field counts but those of not_compared(). `status` is the recorded run's: how an interrupted one ended doesn't
/// count, nor the steps and best values of one that was killed.
std::vector<std::string> record_differences(const record::RunRecord& recorded, const record::RunRecord& replayed,
                                            const std::vector<Stretch>& stretches, RunStatus status);

/// Names of the data sets that the replay didn't open, of a run whose kill may have lost the part that did: they are no
/// difference.
std::vector<std::string> lost_data(const record::RunRecord& recorded, const record::RunRecord& replayed,
                                   RunStatus status);

/// What of a record no verification compares, in words.
const std::vector<std::string>& not_compared();

}  // namespace stet::tracking
