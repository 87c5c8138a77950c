// The index's tables (docs/index.md), and a run's rows in them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "stet/tracking/reading/index/database.h"
#include "stet/tracking/reading/run_facts.h"

namespace stet::tracking {

/// Stands in the database; another one's is made anew.
inline constexpr int64_t kSchemaVersion = 4;
inline constexpr int64_t kApplication = 0x53746574;  // "Stet"

/// The time, in nanoseconds since 1970.
int64_t now_ns();

void make_tables(Database& database);
/// Has it the tables of this version?
bool has_tables(Database& database);

/// How a run was read, so that it is known whether it has to be read again.
struct Reading {
  int64_t key = 0;       ///< of its row
  std::string folder;    ///< its name below the folder of runs
  std::string stamp;     ///< its files and their times (stamp.h)
  bool settled = false;  ///< no file was so young that it could change without a time's changing
  std::string open;      ///< of one without an end mark whether it was running or dead: whether it is held says so
  int64_t read_at = 0;   ///< nanoseconds since 1970
  std::string problem;   ///< why it could not be read, or not all of it
  bool has_run = false;  ///< run.json could be read
};

class IndexStore {
 public:
  explicit IndexStore(const Database& database) : database_(database) {}

  /// By the names of their folders: of all, or of the one that is named.
  std::map<std::string, Reading> readings(const std::string& only = {}) const;
  /// A run's rows in the place of those it has; not where it was read later already, or on from where it was read
  /// elsewhere since. `facts`: null where run.json can't be read.
  void put(const Reading& reading, const RunFacts* facts);
  /// Of a run without an end mark.
  void set_status(int64_t key, std::string_view status);
  void remove(const std::string& folder);

  LogFacts log(int64_t key) const;
  RunFacts facts(int64_t key) const;
  /// Of a run's series of that name, by their full names.
  std::map<query::SeriesName, SeriesFacts> series(int64_t key, const std::string& name) const;
  /// The part of a run's log that is not full.
  LogPart last_part(int64_t key) const;

 private:
  void remove_rows(int64_t key);
  void put_run(int64_t key, const std::string& folder, const RunFacts& facts);
  void put_series(int64_t key, const RunFacts& facts);
  void put_media(int64_t key, const LogFacts& log);
  const Database& database_;
};

/// As columns hold them.
void bind(Statement& statement, int place, const query::Value& value);
query::Value field_of(const Statement& row, int column, const query::Field& field);
query::Value param_of(const Statement& row, int kind_column, int value_column);
std::string digits_of(uint64_t value);  ///< twenty, so that texts compare as the numbers do

/// A series' context as JSON, an object of texts; and back.
std::string context_json(const query::SeriesName& series);
query::SeriesName series_of(std::string name, const std::string& context);

/// The columns of `metric` that a summary is made of, and the summary of a row that begins with them at `column`.
inline constexpr char kSummaryColumns[] =
    R"(count, nan, inf, "first", "last", step, "min", "max", sum, argmin, argmax)";
query::CurveSummary summary_of(const Statement& row, int column);

}  // namespace stet::tracking
