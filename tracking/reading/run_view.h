// A run with all that its record and its log hold.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/reading/derived.h"
#include "stet/tracking/reading/runs.h"

namespace stet::tracking {

/// A checkpoint that is there, unread.
struct RunCheckpoint {
  int64_t step = 0;
  std::filesystem::path path;
  int64_t bytes = 0;
  std::optional<double> metric;  ///< of the run's best metric, when the checkpoint was written
  bool best = false;             ///< the best of those that are there; the earliest of equals
};

/// A copy of a file that the program gave to run.artifact.
struct RunArtifact {
  std::string name;
  int64_t bytes = 0;
};

struct RunView : RunSummary {
  std::vector<RunPlace> places;
  std::vector<RunHyperparameter> hyperparameters;
  std::vector<RunData> data;
  std::vector<RunLaunch> launches;         ///< in order; at least one in a record that no one edited
  std::string best_metric;                 ///< the metric by which a best checkpoint is kept; empty: by none
  std::vector<RunCheckpoint> checkpoints;  ///< by ascending step
  std::vector<RunArtifact> artifacts;      ///< by name
  std::string model_summary;
  int64_t parameter_count = 0;  ///< trained values
  int64_t recorded_steps = 0;   ///< as of the last launch that ended
  std::string final_digest;     ///< as recorded: hexadecimal, empty until the run has finished
  std::string record_json;      ///< the record as run.json holds it
  LogView log;
  std::vector<DerivedMetric> derived;  ///< computed after the run
  SealCheck seal;                      ///< of run.json and the log

  /// Of the final state, or of the last that was digested; empty when none was.
  const std::string& digest() const;
  /// Throws UsageError that names the metrics there are.
  const Metric& metric(const std::string& wanted, const Metric::Context& context = {}) const;
  /// A metric's points; none where it was not logged.
  const std::vector<Point>& series(const std::string& wanted, const Metric::Context& context = {}) const;
};

/// Reads a run folder's record and its whole log. Throws DataError and IoError that name the file.
RunView read_run(const std::filesystem::path& run);

}  // namespace stet::tracking
