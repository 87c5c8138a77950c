// A folder of runs, read: its list, and any run of it.
//
//     tracking::Runs runs("runs");
//     for (const auto& run : runs.query("params.lr < 1e-3")) {
//       for (const tracking::Point& p : run.series("train/loss")) std::cout << p.step << " " << p.value << "\n";
//     }
//
// Nothing in this folder prints or ends the process; it throws the errors of tensor/error.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "stet/tracking/reading/labels.h"
#include "stet/tracking/reading/log_view.h"
#include "stet/tracking/reading/recorded.h"
#include "stet/tracking/record/run_status.h"
#include "stet/tracking/record/seal.h"

namespace stet::tracking {

struct RunOverview;
struct RunView;

/// What a list of runs shows of one.
struct RunSummary {
  std::filesystem::path folder;  ///< absolute
  std::string id, name;          ///< the name that it has now, as its tags and notes are
  std::string program;           ///< the name that the program gave to its Run
  RunStatus status = RunStatus::dead;
  int64_t steps = 0;   ///< committed; of a run that is running or dead, as far as its log shows them
  double created = 0;  ///< seconds since 1970, UTC
  int32_t numerics = 0;
  uint64_t seed = 0;
  std::vector<RunParameter> parameters;
  std::string group;        ///< of runs that belong together; empty: none
  std::string description;  ///< what the run is of
  std::vector<std::string> tags;
  std::vector<RunNote> notes;
  bool archived = false;
  std::vector<RunBest> summaries;  ///< as run.json holds them: of a run that was killed, as of its last save

  /// A metric's points, read from the log now; none where it was not logged. Throws DataError that names the log's
  /// damage.
  std::vector<Point> series(const std::string& metric, const Metric::Context& context = {}) const;
};

/// Reads a run folder's run.json, and its log where the run has no end mark: only then the record doesn't hold its
/// steps. Throws DataError and IoError that name the file.
RunSummary read_summary(const std::filesystem::path& run);

/// A run that could not be read, and why: one line that names the file.
struct UnreadableRun {
  std::filesystem::path folder;
  std::string why;
};

/// Runs in the order in which they were made.
struct RunList {
  std::vector<RunSummary> runs;
  std::vector<UnreadableRun> unreadable;

  auto begin() const { return runs.begin(); }
  auto end() const { return runs.end(); }
  size_t size() const { return runs.size(); }
  bool empty() const { return runs.empty(); }
};

/// The runs below a folder. Each call reads what is there then.
class Runs {
 public:
  explicit Runs(std::filesystem::path folder = "./runs") : folder_(std::move(folder)) {}
  const std::filesystem::path& folder() const { return folder_; }

  /// Their folders, by ascending id, which is the order in which they were made; none where there is no such folder.
  /// Links among them are not followed, and those that can't be entered, or hold a log and no record, are left out:
  /// list() names these. Throws IoError.
  std::vector<std::filesystem::path> folders() const;

  /// A summary of each; one run's damage hides no other.
  RunList list() const;

  /// Those for which a condition holds (docs/query.md), as `runs.query("params.lr < 1e-3 and tags has \"base\"")`;
  /// found by an index in the user's cache, and then read. Runs that can't be read are none of them. Throws
  /// query::QueryError, a UsageError, that says where the condition is wrong.
  RunList query(const std::string& condition) const;

  /// The run that `which` names: an id, a unique prefix of one, a name (the newest run of that name), `latest`, or a
  /// path of a run folder. Throws UsageError when there is none or when a prefix fits several, and as read_summary.
  RunSummary find(const std::string& which) const;

  /// Its folder, unread.
  std::filesystem::path folder_of(const std::string& which) const;

  /// The same, with all that its log holds.
  RunView open(const std::string& which) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace stet::tracking
