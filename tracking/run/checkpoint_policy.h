// When a run writes checkpoints, and which of them it keeps.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace stet::tracking {

struct CheckpointPolicy {
  int64_t every_steps = 0;       ///< 0: not by steps
  double every_minutes = 0;      ///< 0: not by time
  int64_t keep_last = 3;         ///< at least 1: the newest is always kept
  std::string best_metric = {};  ///< empty: none is kept for being the best
  bool best_is_highest = true;   ///< else the lowest is
  bool log_spaced = false;       ///< keep older ones too, the sparser the older
};

/// A checkpoint as the policy sees it; `metric` is best_metric's latest value when it was made.
struct CheckpointMark {
  int64_t step;
  std::optional<double> metric;
};

/// The steps whose checkpoints the policy lets go; `marks` in any order. The best is the earliest of equals, and NaN is
/// never it. Log-spaced: of those whose age (newest step - step) lies in [2^k, 2^(k+1)), the oldest stays, for each k.
std::vector<int64_t> to_delete(std::span<const CheckpointMark> marks, const CheckpointPolicy& policy);

}  // namespace stet::tracking
