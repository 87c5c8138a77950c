#include "stet/tracking/reading/committed_steps.h"

#include <algorithm>

#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/record.pb.h"

namespace stet::tracking {

void CommittedSteps::add(const record::Event& event) {
  const record::SessionLog::Status mark = event.session_log().status();
  const bool is_digest = event.has_state_digest() || event.has_loss_digest();
  if (is_digest || mark == record::SessionLog::CHECKPOINT) certain = std::max<int64_t>(certain, event.step());
  else if (event.has_summary() || mark == record::SessionLog::STOP) add_logged(event.step(), event.tick());
}

void CommittedSteps::add_logged(int64_t step, uint64_t at) {
  if (at > tick) {
    certain = std::max(certain, latest);
    latest = step;
    tick = at;
  } else if (at == tick) {
    latest = std::max(latest, step);
  } else {
    certain = std::max(certain, step);
  }
}

int64_t CommittedSteps::count() const { return std::max(certain, std::max<int64_t>(latest, 1) - 1); }

int64_t committed_steps(const record::RunRecord& record, RunStatus status, int64_t logged) {
  if (status != RunStatus::running && status != RunStatus::dead) return record.steps();
  const int launches = record.launches_size();
  return std::max<int64_t>(logged, launches > 0 ? record.launches(launches - 1).first_step() : 0);
}

}  // namespace stet::tracking
