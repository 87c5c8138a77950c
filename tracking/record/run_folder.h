// Run folders: making, finding, locking and reading them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/record/file_system.h"
#include "stet/tracking/record/run_status.h"

namespace stet::tracking::record {
class RunRecord;
}

namespace stet::tracking {

/// Who holds a run, or held it last.
struct LockHolder {
  std::string host;
  int64_t pid = 0;
  std::string boot_id;     ///< of the host's kernel: after a reboot a pid means another process
  bool heartbeat = false;  ///< where flock is refused: alive is who has touched the file lately
};

/// A run that this process holds. It is released when the object goes, and when the process ends in whatever way; a
/// child that was forked holds nothing.
class RunLock {
 public:
  /// Takes the lock of a run folder. Throws UsageError naming the holder when another process has it. Where the file
  /// system refuses locks, `warning()` says so and a thread touches the file instead.
  RunLock(FileSystem& fs, const Folder& folder);
  RunLock(RunLock&&) noexcept;
  RunLock& operator=(RunLock&&) noexcept;
  ~RunLock();
  /// Empty, or one line that the user should see.
  const std::string& warning() const;

 private:
  struct State;
  struct Release {
    void operator()(State* state) const;
  };
  std::unique_ptr<State, Release> state_;
};

/// Is the run held by a process now?
bool is_held(const Folder& folder);

/// The lock file's content; none when there is none.
std::optional<LockHolder> read_holder(const Folder& folder);

/// A run that was made or opened by this process, and is held by it.
struct HeldRun {
  Folder folder;
  RunLock lock;
};

/// Makes `runs/<id>`: built as `.new-<id>` with its record, lock and checkpoints folder, synced, then renamed. Makes
/// `runs` too. Sets the record's id and creation time. Throws IoError that names the runs folder when it can't be
/// written.
HeldRun create_run(FileSystem& fs, const Path& runs, record::RunRecord& record);

/// UTC time to the millisecond and four random hex digits, as in 20260131-235959-1237f3a: the order of ids is the order
/// of creation.
std::string new_run_id();

/// Takes the lock of a run that exists, and clears what a crash left half made in it.
HeldRun open_run(FileSystem& fs, const Folder& folder);

/// Removes `.new-*` files that a crash left in a folder; only who holds the run may call it.
void remove_leftovers(FileSystem& fs, const Folder& folder);

/// Removes the folders `.new-*` in which processes that are gone began a run. What can't be removed stays.
void remove_dead_beginnings(FileSystem& fs, const Folder& runs) noexcept;

/// The run folders in `runs`, by ascending id.
std::vector<Path> list_runs(const Path& runs);

/// Gives the folder of the newest run of a name, without reading every record as find_run does otherwise.
using NewestNamed = std::function<std::optional<Path>(const std::string& name)>;

/// The folder of the run that `which` names: an id, a unique prefix of one, a name (the newest run of that name),
/// `latest` (the newest id, else the last folder), or a path of a run folder. Throws UsageError when there is none or
/// when a prefix fits several, and lists them.
Path find_run(const Path& runs, const std::string& which, const NewestNamed& newest_named = {});

/// run.json is no longer: a launch takes some kilobytes.
inline constexpr int64_t kRecordLimit = int64_t{64} << 20;

/// run.json as it is. Throws IoError.
std::string read_record_text(const Folder& folder);

/// The record that a folder's run.json holds. Throws DataError that names the file.
record::RunRecord parse_record(const std::string& text, const Folder& folder);
/// The same; `name` stands in messages.
record::RunRecord parse_record(const std::string& text, const std::string& name);

/// Was it written by a newer version than this one?
bool is_of_newer_version(const record::RunRecord& record);

/// Does a record's text hold fields that neither this version nor the record's own, when that is older, writes?
bool holds_foreign_fields(const std::string& text, const record::RunRecord& record);

/// Reads run.json. Throws DataError that names the file.
record::RunRecord read_record(const Folder& folder);

/// Replaces run.json atomically and durably, sealed where the last launch's end has a seal (seal.h). Only the lock's
/// holder may call it.
void write_record(FileSystem& fs, const Folder& folder, const record::RunRecord& record);

/// A record as run.json holds it: Proto field names, zeros printed, 64-bit integers and non-finite numbers as strings.
std::string to_json(const record::RunRecord& record);

RunStatus status_of(const Folder& folder, const record::RunRecord& record);

}  // namespace stet::tracking
