// What a folder of runs holds that nothing needs: runs that were removed long ago, kept programs of none, copies that
// were cut short, and, by a rule, checkpoints that later ones have superseded.
//
//     const Garbage found = find_garbage("runs", {.checkpoints = CheckpointRule{.keep_last = 2}});
//     collect(file_system(), "runs", found);
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/keeping/arriving.h"
#include "stet/tracking/keeping/kept_programs.h"
#include "stet/tracking/keeping/superseded.h"
#include "stet/tracking/keeping/trash.h"

namespace stet::tracking {

struct GarbageRules {
  double trash_age = 30 * 86'400.0;           ///< seconds since a run was removed
  double program_age = 86'400;                ///< seconds; a run that starts keeps its program before it names it
  std::optional<CheckpointRule> checkpoints;  ///< none: they stay
  std::vector<Path> of;                       ///< whose checkpoints the rule is about
};

struct Garbage {
  struct Removed {
    TrashedRun run;
    int64_t bytes = 0;
    std::vector<std::string> links;  ///< in it: they go, and not what they lead to
  };
  GarbageRules rules;
  std::vector<Removed> trash;
  std::vector<NamedFile> programs;      ///< in the folder of kept programs
  std::vector<NamedFile> leftovers;     ///< in the folder of runs: deletions and copies that were cut short
  std::vector<Superseded> checkpoints;  ///< of runs that have some
  std::vector<std::string> remarks;     ///< what stays, and why: a line each

  int64_t bytes() const;
  bool empty() const { return trash.empty() && programs.empty() && leftovers.empty() && checkpoints.empty(); }
};

/// Changes nothing. Throws IoError where the folder of runs can't be listed.
Garbage find_garbage(const Path& runs, const GarbageRules& rules);

struct Collected {
  int64_t bytes = 0;                  ///< that were freed
  std::vector<std::string> problems;  ///< what could not be deleted, and why: a line each
};

/// Deletes what was found, as far as nothing needs it by now. Whenever it is cut short, no run is half there: it is
/// done with by the next.
Collected collect(FileSystem& fs, const Path& runs, const Garbage& garbage);

}  // namespace stet::tracking
