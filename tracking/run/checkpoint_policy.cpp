#include "stet/tracking/run/checkpoint_policy.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

namespace stet::tracking {
namespace {

const CheckpointMark* best_of(std::span<const CheckpointMark> sorted, bool highest) {
  const CheckpointMark* best = nullptr;
  for (const CheckpointMark& mark : sorted) {
    if (!mark.metric || std::isnan(*mark.metric)) continue;
    if (!best || (highest ? *mark.metric > *best->metric : *mark.metric < *best->metric)) best = &mark;
  }
  return best;
}

}  // namespace

std::vector<int64_t> to_delete(std::span<const CheckpointMark> marks, const CheckpointPolicy& policy) {
  std::vector<CheckpointMark> sorted(marks.begin(), marks.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
  auto kept_last = std::min(sorted.size(), static_cast<size_t>(std::max<int64_t>(policy.keep_last, 1)));
  std::set<int64_t> kept;
  for (const CheckpointMark& mark : std::span(sorted).last(kept_last)) kept.insert(mark.step);
  if (!policy.best_metric.empty()) {
    if (const CheckpointMark* best = best_of(sorted, policy.best_is_highest)) kept.insert(best->step);
  }
  if (policy.log_spaced) {
    std::set<int> buckets;
    for (const CheckpointMark& mark : sorted) {  // oldest first
      if (buckets.insert(std::bit_width(static_cast<uint64_t>(sorted.back().step - mark.step))).second)
        kept.insert(mark.step);
    }
  }
  std::vector<int64_t> gone;
  for (const CheckpointMark& mark : sorted) {
    if (!kept.contains(mark.step)) gone.push_back(mark.step);
  }
  return gone;
}

}  // namespace stet::tracking
