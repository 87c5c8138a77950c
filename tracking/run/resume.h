// Taking up a recorded run: opening it, and refusing to go on with what would give other results.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stet/tensor/recorder.h"
#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "stet/tracking/run/parameters.h"
#include "stet/tracking/run/state.h"

namespace stet::tracking {

struct RecordedRun {
  record::RunRecord record;
  std::optional<HeldRun> held;  ///< none: it has finished, there is nothing to resume
};

/// Opens and locks the run that `which` names. Throws UsageError when it is another program's, runs now, or was made
/// under another version of the numerics contract.
RecordedRun open_recorded(FileSystem& fs, const Path& runs, const std::string& which, const std::string& program);

/// The record's seed, parameters and places, these as seen from this working folder.
std::map<std::string, Recorded> recorded_parameters(const record::RunRecord& record);

/// What a checkpoint keeps of the run itself, under `stet/`.
struct RunScalars {
  std::string position;  ///< as Position::to_text
  int64_t epochs = 0;
  int64_t digest_interval = 0;
};
/// With them, what the tracked things report of themselves; execution settings are left out.
std::vector<ScalarEntry> to_scalars(const RunScalars& run, const std::vector<Reported>& reported);
RunScalars run_scalars_of(const Checkpoint& checkpoint);

/// Throws UsageError that names every hyperparameter that is not as before. `checkpoint` has those of all that was
/// tracked when it was made. Without one, they are the record's, and may be of things that are tracked later.
void require_same_hyperparameters(const record::RunRecord& record, const Checkpoint* checkpoint,
                                  const std::vector<Reported>& now);

/// Throws UsageError on a data set that is none of those which the record has under its name; one under a new name must
/// be the one that the record has in its place. Within loops a program may open others each time, so their number says
/// nothing.
void require_same_data(const record::RunRecord& record, const std::vector<DatasetRecord>& now);

}  // namespace stet::tracking
