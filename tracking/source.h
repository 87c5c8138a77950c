// The git state that a launch's program came from.
#pragma once

#include <string>

#include "stet/tracking/file_system.h"

namespace stet::record {
class Launch;
}

namespace stet::tracking {

/// Fills launch.source from the git repository that holds the working folder, else the one that holds the executable: commit, branch, remote (user and token stripped). What is
/// uncommitted, untracked sources included, is written as one patch to `<run folder>/source/launch-<number>.patch`, which `git apply` takes on top of the commit. Untracked files above
/// 1 MiB, ignored ones, those that are no source, and all under `runs` stay out; a whole patch above 16 MiB is not written. What could not be read is noted in the launch; only failing to write throws.
void capture_source(FileSystem& fs, const Path& run_folder, int number, const Path& runs, record::Launch& launch);

/// A remote's URL without user, password and query.
std::string strip_credentials(const std::string& url);

}  // namespace stet::tracking
