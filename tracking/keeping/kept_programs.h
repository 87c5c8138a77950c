// Kept programs that no run needs any more.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "stet/tracking/record/file_system.h"

namespace stet::tracking {

/// Which kept files are needed by the runs of a folder, by those in its trash and by those that are being copied to it.
struct ProgramNeeds {
  std::set<std::string> needed;      ///< SHA-256
  std::vector<std::string> unknown;  ///< whose needs nobody knows: runs that start now, records that can't be read
};
ProgramNeeds program_needs(const Path& runs);

/// A file, by its name in the folder that it is about.
struct NamedFile {
  std::string name;
  int64_t bytes = 0;
};
/// Of all together.
int64_t bytes_of(const std::vector<NamedFile>& files);

/// Kept files that no run needs and that are older than `age` seconds, by ascending names; copies that were cut short
/// and deletions too.
std::vector<NamedFile> unneeded_programs(const Path& runs, const ProgramNeeds& needs, double age);

/// Deletes them; of those that a run needs by now none. Returns what was deleted. A run that starts looks whether its
/// program is kept before it names it: so a file is first renamed, then it is asked again who needs it, and what is
/// needed goes back. Throws IoError.
std::vector<std::string> delete_programs(FileSystem& fs, const Path& runs, const std::vector<NamedFile>& files);

}  // namespace stet::tracking
