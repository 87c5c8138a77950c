// Which runs a list shows, and in what order. Private to reading/ and what shows runs.
#pragma once

#include <vector>

#include "stet/tracking/reading/run_index.h"

namespace stet::tracking {

/// The condition, and that a run is not archived, unless the condition says of itself whether it may be.
query::Expression without_archived(query::Expression condition);

/// Sorts runs by terms; those that are equal in all keep their order.
void sort_runs(RunIndex& index, std::vector<IndexedRun>& runs, const std::vector<query::Term>& by);

}  // namespace stet::tracking
