// Running a recorded program again, stretch by stretch, in a scratch folder.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "stet/tracking/cli/commands.h"
#include "stet/tracking/reading/comparison.h"
#include "stet/tracking/reading/run_view.h"

namespace stet::tracking {

/// Why a record can't be run again.
class NotRunnable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A part of a run by one launch's program: from where the last one stopped, to a boundary or the end.
struct Stretch {
  int launch = 0;
  std::optional<uint64_t> stop_tick;
};

/// The stretches of a run's launches; where a launch went back behind an older one's end, the older one stops there.
std::vector<Stretch> stretches_of(const RunView& run);
/// The same with a stop at each of `ticks` too.
std::vector<Stretch> cut(const RunView& run, const std::vector<Stretch>& stretches, const std::set<uint64_t>& ticks);

/// What a rerun came to.
struct Rerun {
  int64_t steps = 0;
  size_t equal = 0, total = 0;
  std::optional<Parting> parting;
  std::vector<std::string> other_metrics;           ///< names of metrics that came out otherwise, as times and rates do
  std::map<std::string, std::string> surroundings;  ///< of its first launch
};

/// Runs the stretches in `scratch`, comparing digests as they come, and stops at the first difference. Throws
/// NotRunnable.
Rerun rerun(const RunView& run, const std::vector<Stretch>& stretches, const Path& scratch,
            const VerifyOptions& options, const std::function<void(int64_t step)>& progress);

}  // namespace stet::tracking
