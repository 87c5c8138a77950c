// A file of a run, by the path that its record gives it.
#pragma once

#include <optional>
#include <string_view>

#include "stet/tracking/record/folder.h"

namespace stet::tracking {

/// The regular file at a path below the run, as source/launch-0.patch; none where there is none. Throws DataError where
/// a part of the path is no name of something in a folder.
std::optional<Entry> find_recorded(Folder run, std::string_view path);

}  // namespace stet::tracking
