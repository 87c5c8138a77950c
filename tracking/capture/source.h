// The git state that a launch's program came from.
#pragma once

#include <string>

#include "stet/tracking/record/file_system.h"

namespace stet::tracking::record {
class Launch;
}

namespace stet::tracking {

struct SourcePlaces {
  Path folder;  ///< where the program was started; empty where that is gone
  Path runs;    ///< what lies in it is no source
};

/// Fills launch.source from the git repository that holds the program's folder, else from the one that holds the
/// executable: commit, branch, remote (user and token stripped). What is uncommitted, untracked sources included, is
/// written as one patch, `<run folder>/source/launch-<number>.patch`, which `git apply` takes on top of the commit;
/// what it doesn't hold is named in left_out. Ignored files are neither. A repository that can't be read, or that
/// libgit2 can't read (a split or sparse index, a partial clone, SHA-256), is `unknown` and a note in the launch, never
/// clean; only a failing write throws (IoError).
void capture_source(FileSystem& fs, const Folder& run, int number, const SourcePlaces& places, record::Launch& launch);

/// A remote's URL without user, password and query.
std::string strip_credentials(std::string url);

}  // namespace stet::tracking
