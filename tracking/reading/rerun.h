// Running a recorded program again, stretch by stretch, in a scratch folder. Private to reading/.
#pragma once

#include <optional>
#include <set>
#include <stdexcept>
#include <vector>

#include "stet/tracking/reading/verification.h"

namespace stet::tracking {

/// Why a record can't be run again.
class NotRunnable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A part of a run by one launch's program: from where the last one stopped, to a boundary or the end.
struct Stretch {
  size_t launch = 0;
  std::optional<uint64_t> stop_tick;
};

/// How many of a run's steps can be compared: of one that has not finished, those up to its last digest.
int64_t digested_steps(const RunView& run);

/// The stretches of a run's launches; where a launch went back behind an older one's end, the older one stops there. A
/// run that failed is given one boundary more than it reached: it fails again before that.
std::vector<Stretch> stretches_of(const RunView& run);
/// The same with a stop at each of `ticks` too.
std::vector<Stretch> cut(const RunView& run, const std::vector<Stretch>& stretches, const std::set<uint64_t>& ticks);

/// Where the run, when it is run again, finds what it found at a place: where the options say, or where it lay.
std::string place_of(const RunView& run, const RunPlace& place, const VerifyOptions& options);

struct Rerun {
  Replayed result;
  std::optional<std::filesystem::path> run;  ///< what the program made, in the scratch folder
  LogView log;                               ///< of that
  size_t stops = 0;                          ///< of the stretches that ended at a boundary, from where the next went on
};

/// Runs the stretches in `scratch`, comparing digests as they come, and stops at the first difference. Throws
/// NotRunnable.
Rerun rerun(const RunView& run, const std::vector<Stretch>& stretches, const std::filesystem::path& scratch,
            const VerifyOptions& options, const VerifyProgress& progress);

}  // namespace stet::tracking
