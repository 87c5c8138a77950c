// How many steps a run committed. Private to reading/.
#pragma once

#include <cstdint>

#include "stet/tracking/record/run_status.h"

namespace stet::tracking {

namespace record {
class Event;
class RunRecord;
}  // namespace record

/// How many steps a log shows to have been committed, by its events as they come. A digest and a checkpoint's mark are
/// of a boundary, and say what was committed there. What else is logged may say the step at hand, which is committed
/// once something of a later boundary follows.
struct CommittedSteps {
  int64_t certain = 0;
  int64_t latest = 0;  ///< the greatest step that was logged at `tick`
  uint64_t tick = 0;   ///< the last boundary of which something was logged

  void add(const record::Event& event);
  /// Of values that were logged.
  void add_logged(int64_t step, uint64_t at);
  int64_t count() const;
};

/// How many steps a run committed: what its end mark says; of one that has none, what its log shows, and no less than
/// where its last launch began. `logged`: what the log shows.
int64_t committed_steps(const record::RunRecord& record, RunStatus status, int64_t logged);

}  // namespace stet::tracking
