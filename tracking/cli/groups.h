// Groups of runs as a table.
#pragma once

#include "stet/tracking/cli/run_table.h"
#include "stet/tracking/reading/groups.h"

namespace stet::tracking::cli {

/// A row a group: what it is grouped by, which the first `keys` columns have, how many runs there are, and, with `of`,
/// the statistics of that number and the id of the run where it is best.
struct GroupTable {
  Table table;
  size_t keys = 0;
};
GroupTable group_table(RunIndex& index, const std::vector<IndexedRun>& runs, const std::vector<query::Term>& by,
                       const std::optional<query::Term>& of, bool lowest);

/// Sorts rows by columns, as `-mean,runs`. Throws UsageError where there is no such column.
void sort_rows(Table& table, const std::string& by);

/// As a terminal shows it: the best run by its name where no other has it, and what all groups have in common apart.
RunTable for_people(RunIndex& index, const std::vector<IndexedRun>& runs, GroupTable groups);

}  // namespace stet::tracking::cli
