// Metrics that were computed after a run, of what it left. They lie in notes/, are marked as derived wherever they are
// shown, and no verification takes them for the run's own.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "stet/tracking/reading/log_view.h"

namespace stet::tracking {

struct DerivedMetric {
  std::string name;
  std::string how;            ///< it was computed, in its author's words
  double time = 0;            ///< when, in seconds since 1970, UTC
  std::string author;         ///< login name
  std::vector<Point> points;  ///< by step; each with the time at which it was derived
};

/// A run's, by name; of several of one name the newest. Throws IoError.
std::vector<DerivedMetric> read_derived(const std::filesystem::path& run);

/// Leaves one with a run. Throws UsageError where the run logged a metric of that name, or the name or `how` is empty
/// or not UTF-8; DataError and IoError that name the file.
void derive_metric(const std::filesystem::path& run, const std::string& name, const std::string& how,
                   const std::vector<Point>& points);

}  // namespace stet::tracking
