// Running a recorded program again, stretch by stretch, in a scratch folder. Private to reading/.
#pragma once

#include <optional>
#include <set>
#include <stdexcept>
#include <vector>

#include "stet/tracking/reading/differences.h"
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

/// The stretches of a run's launches; where a launch went back behind an older one's end, the older one stops there.
std::vector<Stretch> stretches_of(const RunView& run);
/// The same with a stop at each of `ticks` too.
std::vector<Stretch> cut(const RunView& run, const std::vector<Stretch>& stretches, const std::set<uint64_t>& ticks);

struct Rerun {
  Replayed result;
  Table surroundings;  ///< of its first launch
};

/// Runs the stretches in `scratch`, comparing digests as they come, and stops at the first difference. Throws
/// NotRunnable.
Rerun rerun(const RunView& run, const std::vector<Stretch>& stretches, const std::filesystem::path& scratch,
            const VerifyOptions& options, const VerifyProgress& progress);

}  // namespace stet::tracking
