#include "stet/tracking/run/restart_point.h"

#include <fmt/format.h>

#include "stet/tensor/error.h"
#include "stet/tracking/record/checkpoint_digest.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/seal.h"

namespace stet::tracking {
namespace {

std::string hex_of(const std::string& bytes) {
  std::string text;
  for (const unsigned char c : bytes) text += fmt::format("{:02x}", c);
  return text;
}

// The digest that the log holds of a boundary, in front of a position; empty: none. Throws DataError where the log
// can't be read.
std::string logged_digest(const Folder& run, LogPosition end, uint64_t tick) {
  std::string found;
  EventReader reader(run, end);
  for (record::Event event; reader.next(event);) {
    if (event.has_state_digest() && event.tick() == tick) found = hex_of(event.state_digest().root());
  }
  return found;
}

Checkpoint read_sealed(const Folder& run, const Entry& file) {
  Checkpoint checkpoint = read_checkpoint(file);
  if (!is_as_sealed(run, file)) raise<DataError>("{}: was altered since the run ended", file.path().string());
  return checkpoint;
}

void require_logged_state(const Checkpoint& checkpoint, const std::string& logged, const Path& path) {
  if (logged.empty()) raise<DataError>("{}: the log holds no digest of step {}", path.string(), checkpoint.step);
  if (logged != state_digest(checkpoint))
    raise<DataError>("{}: its state is not the one that was logged at step {}", path.string(), checkpoint.step);
}

}  // namespace

RestartPoint find_restart_point(const Folder& run) {
  RestartPoint point;
  std::optional<DataError> damaged_log;
  auto files = list_checkpoints(run);
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    try {
      Checkpoint checkpoint = read_sealed(run, file->entry);
      std::string logged;
      try {
        logged = logged_digest(run, checkpoint.log, checkpoint.tick);
      } catch (const DataError& damage) {
        damaged_log = damage;
        throw;
      }
      require_logged_state(checkpoint, logged, file->entry.path());
      point.checkpoint = std::move(checkpoint);
      return point;
    } catch (const Error& error) {  // damaged, or unreadable to us: an older one may do
      point.passed_over.push_back(error.what());
    }
  }
  if (damaged_log) throw *damaged_log;
  return point;
}

}  // namespace stet::tracking
