// What lies in a folder and below it.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include "stet/tracking/record/folder.h"

namespace stet::tracking {

struct TreeSize {
  int64_t bytes = 0;               ///< of regular files
  std::time_t newest = 0;          ///< when any of it changed last: seconds since 1970
  std::vector<std::string> links;  ///< what is neither a file nor a folder: paths below the folder
};

/// Looks at all that is in a folder and below it, and follows no link. Throws IoError.
TreeSize tree_size(const Folder& folder);

}  // namespace stet::tracking
