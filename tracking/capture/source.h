// The git state that a launch's program came from.
#pragma once

#include <string>

#include "stet/tracking/record/file_system.h"

namespace stet::tracking::record {
class Launch;
}

namespace stet::tracking {

/// Fills launch.source from the git repository that holds the working folder, else from the one that holds the
/// executable: commit, branch, remote (user and token stripped). What is uncommitted, untracked sources included, is
/// written as one patch,
/// `<run folder>/source/launch-<number>.patch`, which `git apply` takes on top of the commit. Ignored files, untracked
/// ones above 1 MiB or that are no sources, and all in the folder `runs` stay out, and so does a patch above 16 MiB. A
/// repository that can't be read is a note in the launch; only a failing write throws (IoError).
void capture_source(FileSystem& fs, const Folder& run, int number, const Path& runs, record::Launch& launch);

/// A remote's URL without user, password and query.
std::string strip_credentials(std::string url);

}  // namespace stet::tracking
