// What people have said of a run since: the files in its notes/ folder. Private to reading/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/record/folder.h"

namespace stet::tracking {

struct Notes {
  std::optional<bool> verified;  ///< what its newest verification came to; none where there was none
};

/// Reads a run folder's notes; what can't be read there is passed over.
Notes read_notes(const Folder& run);

}  // namespace stet::tracking
