// Files that a program gives to its run.
#pragma once

#include "stet/tracking/record/file_system.h"

namespace stet::tracking {

/// Throws UsageError unless the path ends in a name that a record can hold.
void check_artifact_name(const Path& file);

/// Copies a file to `artifacts/` in the run's folder, under its own name. Where another file has it, the copy's name is
/// `<stem>-<first digits of its SHA-256><extension>`; the same content under the same name is kept once. Throws
/// IoError.
void keep_artifact(FileSystem& fs, const Folder& run, const Path& file);

}  // namespace stet::tracking
