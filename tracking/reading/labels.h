// What a run is called and what has been said of it: as its program recorded it, and as people changed it since.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace stet::tracking {

struct RunNote {
  double time = 0;           ///< seconds since 1970, UTC
  std::string author, host;  ///< who wrote it, and where; empty: the program or its command line
  std::string text;
};

/// A run's labels as they are now.
struct RunLabels {
  std::string name;
  std::string group;              ///< of runs that belong together; empty: none
  std::string description;        ///< what the run is of
  std::vector<std::string> tags;  ///< each once, in the order in which they were given
  std::vector<RunNote> notes;     ///< the program's first, and then by time
  bool archived = false;
  std::vector<std::string> unreadable;  ///< files of notes/ that could not be read: a line each that names the file
};

/// Reads run.json and the acts in notes/. Throws DataError and IoError that name the file.
RunLabels read_labels(const std::filesystem::path& run);

// Each leaves one file in notes/, and may be done to any run that the user can write to, whether it runs or has ended.
// They throw UsageError on what can be no tag, name or note, and IoError.

/// Adds tags and takes others away.
void tag_run(const std::filesystem::path& run, const std::vector<std::string>& add,
             const std::vector<std::string>& remove);
/// Adds a note.
void note_run(const std::filesystem::path& run, const std::string& text);
/// Gives the run another name. Its id stays. A name that means something else, as `latest`, is refused.
void rename_run(const std::filesystem::path& run, const std::string& name);
/// Marks the run as one that lists leave out, or no longer.
void archive_run(const std::filesystem::path& run, bool archived);

}  // namespace stet::tracking
