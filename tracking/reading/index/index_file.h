// Where a folder of runs has its index, and who may be at it: a throw-away in the user's cache.
#pragma once

#include <memory>
#include <optional>

#include "stet/tensor/files.h"
#include "stet/tracking/reading/index/database.h"

namespace stet::tracking {

/// $XDG_CACHE_HOME/stet/index/<hash of the folder's path>-v<version of the tables>.sqlite: two versions of Stet that
/// are used in turn don't make each other's anew. Empty where there is no such folder, or where it would lie in the
/// folder of runs, which may be anybody's.
Path index_path(const Path& runs);

/// Opens the index, which is made where there is none, or another's, another version's or a damaged one. None where it
/// can't be kept: no folder, no locks, no space.
std::optional<Database> open_index(const Path& file);

/// Puts a new, empty index in the place of one that turned out to be damaged, unless another process did so already.
void discard_index(const Path& file);

/// Held by who brings an index up to date, so that fifty processes don't read the same runs. Who waits in vain goes on
/// without it: it saves work, and guards nothing. `file`: of the index; empty where it is in memory.
class UpdateLock {
 public:
  UpdateLock(const Path& file, int patience_ms);

 private:
  Descriptor lock_;
};

}  // namespace stet::tracking
