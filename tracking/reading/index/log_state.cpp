#include "stet/tracking/reading/index/log_state.h"

#include <optional>

#include "stet/tracking/reading/index/long_series.h"
#include "stet/tracking/reading/index/packed.h"

namespace stet::tracking {

std::string state_of(const LogFacts& log) {
  Packer out;
  out.signed_number(log.events);
  out.number(log.digest_tick);
  out.number(log.stopped);
  out.signed_number(log.committed.certain);
  out.signed_number(log.committed.latest);
  out.number(log.committed.tick);
  out.text(log.best_metric);
  const auto optional = [&](const std::optional<double>& value) {
    out.number(value.has_value());
    if (value) out.real(*value);
  };
  optional(log.best_value);
  out.text(pack(log.part));
  for (const auto& [tick, checkpoint] : log.checkpoints) {
    out.number(tick);
    out.signed_number(checkpoint.step);
    optional(checkpoint.metric);
  }
  return out.bytes();
}

void set_state(LogFacts& log, std::string_view state) {
  if (state.empty()) return;
  Unpacker in(state);
  const auto optional = [&] { return in.number() != 0 ? std::optional(in.real()) : std::nullopt; };
  log.events = in.signed_number();
  if (log.events < 0) raise_damaged();
  log.digest_tick = in.number();
  log.stopped = in.number() != 0;
  log.committed.certain = in.signed_number();
  log.committed.latest = in.signed_number();
  log.committed.tick = in.number();
  log.best_metric = in.text();
  log.best_value = optional();
  log.part = part_of(in.text());
  if (log.part.events > log.events) raise_damaged();
  while (!in.empty()) {
    const uint64_t tick = in.number();
    LoggedCheckpoint& checkpoint = log.checkpoints[tick];
    checkpoint.step = in.signed_number();
    checkpoint.metric = optional();
  }
}

}  // namespace stet::tracking
