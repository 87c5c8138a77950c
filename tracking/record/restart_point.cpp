#include "stet/tracking/record/restart_point.h"

#include <fmt/format.h>

#include <cerrno>

#include "stet/tensor/error.h"
#include "stet/tracking/record/checkpoint_digest.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/seal.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

// What the log holds of a checkpoint's boundary, in hex; empty: nothing.
struct Logged {
  std::string state, run;
};

// Throws DataError where the log in front of the checkpoint can't be read.
Logged logged_at(const Folder& run, const Checkpoint& checkpoint) {
  Logged found;
  EventReader reader(run, checkpoint.log);
  for (record::Event event; reader.next(event);) {
    const bool there = event.has_state_digest() && event.tick() == checkpoint.tick && event.step() == checkpoint.step;
    if (there) found = {hex_of(event.state_digest().root()), hex_of(event.state_digest().run())};
  }
  return found;
}

Checkpoint read_sealed(const Folder& run, const Entry& file) {
  Checkpoint checkpoint = read_checkpoint(file);
  if (!is_as_sealed(run, file)) raise<DataError>("{}: was altered since the run ended", file.path().string());
  return checkpoint;
}

void require_logged(const Checkpoint& checkpoint, const Logged& logged, const Path& path) {
  if (logged.state.empty()) raise<DataError>("{}: the log holds no digest of step {}", path.string(), checkpoint.step);
  if (logged.state != state_digest(checkpoint).hex())
    raise<DataError>("{}: its state is not the one that was logged at step {}", path.string(), checkpoint.step);
  if (!logged.run.empty() && logged.run != run_digest(checkpoint.scalars).hex())
    raise<DataError>("{}: its position or hyperparameters are not those of step {}", path.string(), checkpoint.step);
}

}  // namespace

bool can_restart_from(const Folder& run, const Entry& file) {
  try {
    const Checkpoint checkpoint = read_sealed(run, file);
    require_logged(checkpoint, logged_at(run, checkpoint), file.path());
    return true;
  } catch (const Error&) { return false; }
}

RestartPoint find_restart_point(const Folder& run) {
  RestartPoint point;
  std::optional<DataError> damaged_log;
  auto files = list_checkpoints(run);
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    try {
      Checkpoint checkpoint = read_sealed(run, file->entry);
      Logged logged;
      try {
        logged = logged_at(run, checkpoint);
      } catch (const DataError& damage) {
        damaged_log = damage;
        throw;
      }
      require_logged(checkpoint, logged, file->entry.path());
      point.checkpoint = std::move(checkpoint);
      return point;
    } catch (const IoError& error) {
      if (error.code == EMFILE || error.code == ENFILE || error.code == ENOMEM)
        throw;  // nothing is wrong with the file
      point.passed_over.push_back(error.what());
    } catch (const Error& error) {  // damaged, or unreadable to us: an older one may do
      point.passed_over.push_back(error.what());
    }
  }
  if (damaged_log) throw *damaged_log;
  return point;
}

}  // namespace stet::tracking
