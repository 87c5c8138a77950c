// How `stet verify` steers the program that it runs again.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace stet::tracking {

/// Named by the environment variable STET_REPLAY, a file of lines `digest TICK` and `stop TICK`: the state is digested
/// at those boundaries too, no checkpoint is written but where the program stops, and it stops at the boundary `stop`.
/// (Programs of 0.1.0's first form digest at those boundaries alone.)
struct Replay {
  std::set<uint64_t> digest_ticks;
  std::optional<uint64_t> stop_tick;

  std::string to_text() const;
  /// Throws DataError.
  static Replay parse(const std::string& text, const std::string& name);
  /// None when the environment asks for none.
  static std::optional<Replay> from_environment();
};

}  // namespace stet::tracking
