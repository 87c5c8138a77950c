// What a run's newest verification came to. Private to reading/.
#pragma once

#include <optional>

#include "stet/tracking/record/folder.h"

namespace stet::tracking {

/// By the reports in its notes/ of the record as it is; none where there is none. One that can't be read is passed
/// over; `passing` is set where it may be readable the next time.
std::optional<bool> newest_verdict(const Folder& run, bool& passing);

}  // namespace stet::tracking
