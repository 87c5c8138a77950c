// Holding the digests of a run that is run again against those of its record. Private to reading/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/reading/verification.h"

namespace stet::tracking {

/// Names of the metrics that the two logs don't agree on: their sums differ by a bit, or only one has them.
std::vector<std::string> other_metrics(const LogView& a, const LogView& b);

class Comparison {
 public:
  explicit Comparison(const LogView& expected) : expected_(expected) {}

  /// Takes up what came since the last call. False once the tensors that differ are known: there is nothing more to
  /// learn.
  bool advance(const LogView& actual);
  /// The program has ended: what is missing, or too much, is a difference too.
  void finish(const LogView& actual, bool whole);

  const std::optional<Parting>& parting() const { return parting_; }
  size_t equal() const { return equal_; }
  size_t total() const { return expected_.losses.size() + expected_.states.size(); }

 private:
  void compare_loss(uint64_t tick, const LoggedLosses& actual);
  void compare_state(uint64_t tick, const LoggedState& actual);

  const LogView& expected_;
  std::optional<uint64_t> last_loss_, last_state_;  // ticks that were compared
  size_t equal_ = 0;
  int64_t same_until_ = 0;
  bool tensors_known_ = false;
  std::optional<Parting> parting_;
};

}  // namespace stet::tracking
