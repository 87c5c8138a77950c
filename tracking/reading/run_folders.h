// Which folders among runs are runs, also those that can't be read. Private to reading/ and the program `stet`.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/reading/runs.h"
#include "stet/tracking/record/folder.h"

namespace stet::tracking {

/// Opens the run of that name in a folder of runs. None where no run can be meant: a file, a link, which is not
/// followed, a folder with neither a record nor a log. Throws IoError where it can't be entered, and DataError where it
/// holds a log and no record.
std::optional<Folder> open_among(const Folder& runs, const std::string& name);

/// What a folder of runs holds, by ascending names.
struct RunFolders {
  std::vector<std::filesystem::path> runs;
  std::vector<UnreadableRun> unreadable;  ///< that have no record which could be read
};

/// Nothing where there is no such folder. Throws IoError where it can't be listed.
RunFolders list_run_folders(const std::filesystem::path& runs);

}  // namespace stet::tracking
