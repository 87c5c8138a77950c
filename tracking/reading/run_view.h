// A run with all that its record and its log hold, or with the log added up.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
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

/// A metric without its points.
struct MetricOutline {
  std::string name;
  Metric::Context context;
  MetricSummary summary;
};

/// What was logged of texts, images, histograms or vectors of one name.
struct MediaOutline {
  LoggedMedium::Kind kind = LoggedMedium::Kind::text;
  int64_t count = 0;
  int64_t step = 0, bytes = 0;  ///< of the last
};

/// A log added up.
struct LogOutline {
  std::map<std::string, MetricOutline> metrics;  ///< by the name under which they are shown
  std::map<std::string, MediaOutline> media;     ///< by name
  std::string digest;                            ///< of the last state that was digested; empty: none was
};

/// A run with all that its record holds, and its log added up.
struct RunOverview : RunSummary {
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
  LogOutline outline;
  std::vector<DerivedMetric> derived;  ///< computed after the run
  SealCheck seal;                      ///< of run.json and the log

  /// Of the final state, or of the last that was digested; empty when none was.
  const std::string& digest() const { return final_digest.empty() ? outline.digest : final_digest; }
};

struct RunView : RunOverview {
  LogView log;

  /// Throws UsageError that names the metrics there are.
  const Metric& metric(const std::string& wanted, const Metric::Context& context = {}) const;
  /// A metric's points; none where it was not logged.
  const std::vector<Point>& series(const std::string& wanted, const Metric::Context& context = {}) const;
};

/// Reads a run folder's record and its whole log. Throws DataError and IoError that name the file.
RunView read_run(const std::filesystem::path& run);

/// What read_run gives but for the log itself. Of a log of a megabyte or more the index of runs says what it adds up
/// to, so that only what was added since it was looked at last is read; damage is named all the same. Throws as
/// read_run.
RunOverview read_overview(const std::filesystem::path& run);

/// The metrics of a run that words mean (curves.h), with their points: of a log of a megabyte or more no others are
/// made values of. Throws as read_run, and UsageError that names the metrics there are where a word means none.
std::vector<Metric> read_metrics(const std::filesystem::path& run, const std::vector<std::string>& words);

}  // namespace stet::tracking
