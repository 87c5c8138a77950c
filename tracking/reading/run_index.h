// The index of a folder of runs: what is known of every run, kept in SQLite in the user's cache, and brought up to date
// before anything is asked. Private to reading/ and the program `stet`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/query/parser.h"
#include "stet/tracking/reading/indexed_names.h"
#include "stet/tracking/reading/run_facts.h"
#include "stet/tracking/reading/series_window.h"

namespace stet::tracking {

/// A run that the index knows.
struct IndexedRun {
  int64_t key = 0;     ///< its row
  int generation = 0;  ///< of the index that has the row
  std::string id;
  std::filesystem::path folder;
};

/// As what the index read a run: one of these changes whenever something of the run does.
struct RunVersion {
  std::string id, status;
  int64_t read_at = 0;  ///< nanoseconds since 1970
  bool operator==(const RunVersion&) const = default;
};

/// A window of a run's series that is asked for.
struct RunWindow {
  IndexedRun run;
  WindowRequest request;
};

class RunIndex {
 public:
  enum class Freshness : uint8_t { refresh, stale, kept };

  /// Opens the index of that folder of runs, and reads what changed since. `stale`: takes what it knew, if it knew
  /// anything. `kept`: takes what it knew. Throws IoError where the folder is there and can't be listed.
  explicit RunIndex(std::filesystem::path runs, Freshness freshness = Freshness::refresh);
  /// The index of the folder that a run lies in, brought up to date for that run alone.
  static RunIndex of_run(const std::filesystem::path& run);
  ~RunIndex();
  RunIndex(RunIndex&&) noexcept;

  /// Reads what changed since, and answers of this moment from then on.
  void refresh();

  /// Where the index of a folder of runs lies; empty where it is in memory alone.
  static std::filesystem::path path_of(const std::filesystem::path& runs);
  /// Throws the index away; the next reader makes it anew.
  static void discard(const std::filesystem::path& runs);

  /// The runs for which a condition holds, by ascending id. Throws DataError and IoError where a log that it takes
  /// can't be read.
  std::vector<IndexedRun> matching(const query::Expression& condition);
  /// The value of each expression, a row a run.
  std::vector<std::vector<query::Value>> values(const std::vector<IndexedRun>& runs,
                                                const std::vector<const query::Expression*>& expressions);
  /// The run of that id, of copies the one whose folder is called so, else the first by its folder's name; none where
  /// there is none.
  std::optional<IndexedRun> with_id(const std::string& id);
  /// Every run, by the name of its folder.
  std::map<std::string, RunVersion> versions();
  /// What names some runs have.
  IndexedNames names(const std::vector<IndexedRun>& runs);
  /// All that is known of a run.
  RunFacts facts(const IndexedRun& run);
  /// The run in that folder; none where the index has none, or could not read its record.
  std::optional<IndexedRun> find(const std::filesystem::path& run);
  /// A window each (series_window.h); without points where there is no such run or series. Logs are read where the
  /// index has no buckets that are fine enough; what is wrong with one is said in its window.
  std::vector<SeriesWindow> windows(const std::vector<RunWindow>& asked);
  /// Why runs could not be read, or not all of them: a line each.
  std::vector<std::string> problems();
  /// What of the expressions is likely not meant so, as a name that no run has: a line each (index/remarks.h).
  std::vector<std::string> remarks(const std::vector<const query::Expression*>& expressions);
  size_t size();

  enum class Names : uint8_t { params, metrics, data, tags };
  /// All that runs have, in ascending order.
  std::vector<std::string> names(Names which);
  std::vector<query::SeriesName> series();

 private:
  class Impl;
  explicit RunIndex(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace stet::tracking
