#include "stet/tracking/record/replay.h"

#include <cstdlib>
#include <sstream>

#include "stet/tensor/error.h"
#include "stet/tracking/record/file_system.h"
#include "stet/tracking/record/parse.h"

namespace stet::tracking {

std::string Replay::to_text() const {
  std::string text;
  for (const uint64_t tick : digest_ticks) text += fmt::format("digest {}\n", tick);
  if (stop_tick) text += fmt::format("stop {}\n", *stop_tick);
  return text;
}

Replay Replay::parse(const std::string& text, const std::string& name) {
  Replay replay;
  std::istringstream in(text);
  for (std::string word, number; in >> word >> number;) {
    const auto tick = parse_uint64(number);
    if (!tick || (word != "digest" && word != "stop"))
      raise<DataError>("{}: '{} {}' can't be read", name, word, number);
    if (word == "digest") replay.digest_ticks.insert(*tick);
    else replay.stop_tick = tick;
  }
  return replay;
}

std::optional<Replay> Replay::from_environment() {
  const char* file = std::getenv("STET_REPLAY");
  if (file == nullptr || *file == '\0') return std::nullopt;
  return parse(read_file(file), file);
}

}  // namespace stet::tracking
