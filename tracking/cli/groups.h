// Runs in groups: N, mean, deviation, best.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/cli/table.h"
#include "stet/tracking/reading/run_index.h"

namespace stet::tracking::cli {

/// What a number comes to over the runs of a group that have it.
struct GroupStatistics {
  int64_t count = 0;
  double mean = 0, deviation = 0, error = 0;  ///< of the sample, n - 1; NaN for one run; of the mean
  double min = 0, max = 0;
};
GroupStatistics statistics_of(const std::vector<double>& values);

/// A row a group of runs that are equal in `by`, in ascending order: how many there are, and, with `of`, the statistics
/// of that number and the run where it is best, `lowest` or highest. Runs that differ in nothing but their seed fall
/// together.
Table grouped(RunIndex& index, const std::vector<IndexedRun>& runs, const std::vector<query::Term>& by,
              const std::optional<query::Term>& of, bool lowest);

}  // namespace stet::tracking::cli
