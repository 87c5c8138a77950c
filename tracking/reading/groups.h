// Runs in groups: N, mean, deviation, best. Private to reading/ and what shows runs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/reading/run_index.h"

namespace stet::tracking {

/// What a number comes to over the runs of a group that have it.
struct GroupStatistics {
  int64_t count = 0;
  double mean = 0, deviation = 0, error = 0;  ///< of the sample, n - 1; NaN for one run; of the mean
  double min = 0, max = 0;
};
GroupStatistics statistics_of(const std::vector<double>& values);

/// Runs that are equal in what they are grouped by.
struct RunGroup {
  std::vector<query::Value> key;  ///< one a term
  std::vector<std::string> ids;   ///< of its runs
  std::vector<double> values;     ///< the number, of those that have it
  std::string best;               ///< the run where it is lowest or highest, the first of equals; empty: none has it
};

struct RunGroups {
  std::vector<query::Term> by;   ///< with `params` spelled out
  std::vector<RunGroup> groups;  ///< ascending by their keys
};

/// Groups runs that are equal in `by`; `params` stands for all parameters, so that runs that differ in nothing but
/// their seed fall together. `of`: what number is looked at.
RunGroups grouped(RunIndex& index, const std::vector<IndexedRun>& runs, const std::vector<query::Term>& by,
                  const std::optional<query::Term>& of, bool lowest);

}  // namespace stet::tracking
