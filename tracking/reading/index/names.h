// The names that runs have, in one pass over each table, or over a few runs' rows.
#pragma once

#include <string>
#include <vector>

#include "stet/tracking/reading/index/database.h"
#include "stet/tracking/reading/indexed_names.h"

namespace stet::tracking {

/// Of the runs with these keys.
IndexedNames indexed_names(const Database& database, const std::vector<int64_t>& keys);

/// All names of a table of the index, in ascending order.
std::vector<std::string> distinct_names(const Database& database, const std::string& table);

}  // namespace stet::tracking
