// Bringing an index up to date.
#pragma once

#include <string>

#include "stet/tracking/reading/index/database.h"

namespace stet::tracking {

/// Reads again what of a folder of runs changed since the index was written, and forgets what is gone. `file`: of the
/// index; empty where it is in memory. `only`: the name of the one folder that is looked at. Throws DatabaseError;
/// IoError where the folder can't be listed.
void refresh(Database& database, const Path& runs, const Path& file, const std::string& only = {});

}  // namespace stet::tracking
