// Holding the digests of a run that is run again against those of its record. Private to reading/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/reading/verification.h"

namespace stet::tracking {

/// A loss of its bits: binary64 where the upper half has any, else binary32.
double loss_value(uint64_t bits);

/// The tensors whose digests differ, or which one of the two has alone.
std::vector<std::string> differing_tensors(const LoggedState& expected, const LoggedState& actual);

class Comparison {
 public:
  /// `cut`: the record's log may lack what came from its last boundary on.
  Comparison(const LogView& expected, bool cut) : expected_(expected), cut_(cut) {}

  /// From here on the program is stopped at that boundary, or at the next at which it can be: it digests there, which
  /// the record need not have.
  void stop_at(std::optional<uint64_t> tick) { stop_ = tick, stopped_.reset(); }
  /// Takes up what came since the last call. False once the tensors that differ are known: there is nothing more to
  /// learn.
  bool advance(const LogView& actual);
  /// The program has ended: what is missing, or too much, is a difference too.
  void finish(const LogView& actual, bool whole);

  const std::optional<Parting>& parting() const { return parting_; }
  size_t equal() const { return equal_; }
  size_t total() const { return expected_.losses.size() + expected_.states.size(); }

 private:
  bool must_be_recorded(uint64_t tick, bool is_loss);
  void not_recorded(const char* what, int64_t step);
  void compare_loss(uint64_t tick, const LoggedLosses& actual);
  void compare_state(uint64_t tick, const LoggedState& actual);

  const LogView& expected_;
  const bool cut_;
  std::optional<uint64_t> stop_, stopped_;  // where it was to stop, and the one boundary behind that the record lacks
  std::optional<uint64_t> last_loss_, last_state_;  // ticks that were compared
  size_t equal_ = 0;
  int64_t same_until_ = 0;
  bool tensors_known_ = false;
  std::optional<int64_t> other_run_;  // the first step at which only that differs
  std::optional<Parting> parting_;
};

}  // namespace stet::tracking
