// What a working tree holds beyond its commit. Private to capture/.
#pragma once

#include <string>

#include "stet/tracking/capture/git_handle.h"
#include "stet/tracking/record/file_system.h"

namespace stet::tracking::record {
class Source;
}

namespace stet::tracking {

/// The changes of a repository's working tree against `head` (null: there is no commit), untracked sources included, as
/// one patch. Whatever differs and is not in it is named in `source`'s left_out: submodules' changes, repositories
/// within, links, large files and those that are no sources. Ignored files, and what lies in the folder `runs`, are
/// neither. Throws DataError and IoError where the tree can't be compared.
std::string make_patch(git_repository* repository, git_object* head, const Path& runs, record::Source& source);

}  // namespace stet::tracking
