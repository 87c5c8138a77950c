// Which columns `stet ls` shows of which runs.
#pragma once

#include <string>
#include <vector>

#include "stet/tracking/cli/table.h"
#include "stet/tracking/reading/run_index.h"

namespace stet::tracking::cli {

/// A table, and what is the same in all of its rows and has no column.
struct RunTable {
  Table table;
  std::vector<std::string> constants;  ///< such as "params.epochs 3"
};

/// The given columns.
RunTable given_columns(RunIndex& index, const std::vector<IndexedRun>& runs, const std::vector<query::Term>& terms);

/// The columns in which the runs differ, behind the id. `all`: those in which they don't, too.
RunTable telling_columns(RunIndex& index, const std::vector<IndexedRun>& runs, bool all);

}  // namespace stet::tracking::cli
