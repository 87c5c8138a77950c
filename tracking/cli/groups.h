// Groups of runs as a table.
#pragma once

#include "stet/tracking/cli/table.h"
#include "stet/tracking/reading/groups.h"

namespace stet::tracking::cli {

/// A row a group: what it is grouped by, how many runs there are, and, with `of`, the statistics of that number and the
/// run where it is best.
Table group_table(RunIndex& index, const std::vector<IndexedRun>& runs, const std::vector<query::Term>& by,
                  const std::optional<query::Term>& of, bool lowest);

}  // namespace stet::tracking::cli
