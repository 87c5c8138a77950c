// The curves that `stet plot` draws.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "stet/tracking/reading/plot.h"
#include "stet/tracking/reading/run_index.h"

namespace stet::tracking::cli {

struct CurveOptions {
  std::vector<std::string> metrics;  ///< names or patterns
  std::string x;                     ///< step, time, or a metric that is joined by step
  double weight = 0;                 ///< of a moving average; 0: none
  bool exact = false;                ///< every point is wanted, as their mean over runs is made
};

/// What is drawn of a run: its curves by the word that asked for them, and to which group it belongs.
struct Drawn {
  std::string id, name, group;
  std::map<std::string, std::vector<PlotCurve>> curves;
};

/// The curves of runs. Of long series the index gives what can be seen, and smooths it where its buckets are fine
/// enough (smoothing.h): these have what they were smoothed from behind them; all others are points of the log, not
/// smoothed. Throws DataError and IoError that name the file.
std::vector<Drawn> read_curves(RunIndex& index, const std::vector<IndexedRun>& runs, const CurveOptions& options);

}  // namespace stet::tracking::cli
