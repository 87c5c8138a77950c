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
/// Every field counts but those of not_compared(). `ended`: how it ended counts too.
std::vector<std::string> record_differences(const record::RunRecord& recorded, const record::RunRecord& replayed,
                                            const std::vector<Stretch>& stretches, bool ended);

/// What of a record no verification compares, in words.
const std::vector<std::string>& not_compared();

}  // namespace stet::tracking
