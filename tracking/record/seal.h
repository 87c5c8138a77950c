// A run's seal: what its folder held when a launch ended, and the bytes of run.json itself, each as a SHA-256, in the
// end mark of the last launch; of one that was killed, the earlier one's log, sources and artifacts are held against
// theirs. notes/, output.log and .lock lie outside. A checkpoint that `stet gc` deleted is no change: an act in notes/
// names it.
//
// It shows what was changed since. It says nothing of who made it: whoever changes a file and makes the seal anew is
// caught by running the program again (`stet verify`), or not at all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/record/folder.h"

namespace stet::tracking::record {
class RunRecord;
}

namespace stet::tracking {

/// Whether a run is as it was when it ended.
enum class SealState : uint8_t {
  open,      ///< the last launch has no end mark: the run runs, or was killed
  unsealed,  ///< it ended, and no seal was made: by an older version, or as files could not be read
  sealed,    ///< all that was looked at is as it was
  altered,   ///< something is not
};
std::string_view name_of(SealState state);

/// What looking at a seal came to.
struct SealCheck {
  SealState state = SealState::open;
  std::vector<std::string> altered;  ///< each a file below the run's folder, and how it differs, in one line
  std::vector<std::string> removed;  ///< sealed checkpoints that are gone, and of which notes/ says that they were
                                     ///< deleted on purpose: their paths
  bool stopped_log = false;          ///< the log holds the end that run.json lacks, as after a power cut

  /// In one line: `sealed`, `unsealed`, `altered since it ended: …`.
  std::string line() const;
};

/// How much of a run a check reads.
enum class SealDepth : uint8_t {
  record_and_log,  ///< run.json and the log's segments
  everything,
};

/// Lists in the last launch's end mark what the folder holds, and of an earlier seal's files what it says. Throws
/// IoError.
void seal_files(record::RunRecord& record, const Folder& run);

/// The record as run.json holds it; where its last launch's end has a seal, with the hash of these very bytes in it.
std::string to_sealed_json(record::RunRecord record);

/// Is a file below the run's folder, at its top or in one of its folders, the one that the run's seal lists? True where
/// the run has no seal. Throws as check_seal.
bool is_as_sealed(const Folder& run, const Entry& file);

/// Holds a run's folder against its seal. `stopped`: does the log's last event say that the run has ended? It is read
/// where that is not known. Throws DataError and IoError, naming the file, where run.json can't be read.
SealCheck check_seal(const Folder& run, SealDepth depth, std::optional<bool> stopped = {});

}  // namespace stet::tracking
