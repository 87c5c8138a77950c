// The trash of a folder of runs: `.trash/<when>/<run>` below it. A run is moved there, and back, by one rename, so that
// it is always whole in one of the two places. What was moved at once lies together.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/record/file_system.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {

/// A run in the trash.
struct TrashedRun {
  std::string batch;   ///< what was removed at once: the time as in a run's id
  std::string name;    ///< of its folder, here and where it lay
  double removed = 0;  ///< seconds since 1970, UTC
  Path folder;
};

/// What came of moving runs. One that can't be moved keeps no other from it.
struct Moved {
  std::vector<std::string> names;     ///< of the folders that were moved
  std::vector<std::string> problems;  ///< why others were not: a line each
};

/// The runs in the trash, the one that was removed first before others. Throws IoError.
std::vector<TrashedRun> trashed_runs(const Path& runs);

/// Moves run folders, by their names in the folder of runs, into its trash. One that a process holds stays, and so does
/// a link. Throws IoError where there can be no trash.
Moved remove_runs(FileSystem& fs, const Path& runs, const std::vector<std::string>& names);

/// Moves runs back to where they lay. One of whose name there is something now stays.
Moved restore_runs(FileSystem& fs, const Path& runs, const std::vector<TrashedRun>& trashed);

/// Deletes a run of the trash for good: first it is made `.trash/.gone-…`, which is no run. Throws UsageError where a
/// process holds it, and IoError.
void delete_trashed(FileSystem& fs, const Path& runs, const TrashedRun& trashed);

/// A new name in the trash of what is deleted.
std::string half_deleted_name();

/// The names in the trash of what a deletion that was cut short has left.
std::vector<std::string> half_deleted(const Path& runs);

/// The trash; none where nothing was ever removed. Throws IoError where a link or a file is in its place.
std::optional<Folder> find_trash(const Folder& runs);

/// The trash, which is made when there is none.
Folder make_trash(FileSystem& fs, const Folder& runs);

/// Holds a run so that no program goes on with it; none where its lock could be held by nobody, being no file. Throws
/// UsageError naming the process that holds it, and IoError.
std::optional<RunLock> hold(FileSystem& fs, const Folder& run);

}  // namespace stet::tracking
