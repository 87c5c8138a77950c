// What the index has of long series and of long logs: buckets at several resolutions, and where parts of the log begin.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stet/tracking/reading/index/database.h"
#include "stet/tracking/reading/log_facts.h"

namespace stet::tracking {

/// Their tables, in SQL.
inline constexpr char kLongSeriesTables[] = R"(
CREATE TABLE level(
  run INTEGER, series INTEGER, level INTEGER, count INTEGER, PRIMARY KEY(run, series, level)) WITHOUT ROWID;
CREATE TABLE bucket(
  run INTEGER, series INTEGER, level INTEGER, chunk INTEGER, buckets BLOB, PRIMARY KEY(run, series, level, chunk));
CREATE TABLE part(run INTEGER, number INTEGER, part BLOB, PRIMARY KEY(run, number)) WITHOUT ROWID;
)";

class LongSeries {
 public:
  explicit LongSeries(const Database& database) : database_(database) {}

  /// Adds what was read of a run's log now; `facts`: of the whole log.
  void put(int64_t run, const LogFacts& facts) const;
  void remove(int64_t run) const;

  /// How many buckets a series has at each of its levels.
  std::map<int, int64_t> levels(int64_t run, int32_t series) const;
  /// The finest level of each of a run's series that have any, and how many buckets it has.
  std::map<int32_t, std::pair<int, int64_t>> finest(int64_t run) const;
  /// The buckets of a level that begin at `first_place` to `last_place`, in that order.
  std::vector<SeriesBucket> buckets(int64_t run, int32_t series, int level, int64_t first_place,
                                    int64_t last_place) const;
  /// The full parts of a run's log.
  std::vector<LogPart> parts(int64_t run) const;

 private:
  using Visit = std::function<void(int64_t place, SeriesBucket bucket)>;
  void read_chunks(int64_t run, int32_t series, int level, int64_t first, int64_t last, const Visit& visit) const;
  LevelBuckets whole(int64_t run, int32_t series, int level) const;
  void put_series(int64_t run, int32_t series, LevelBuckets added, int64_t points) const;
  void add_to_level(int64_t run, int32_t series, const LevelBuckets& added, std::map<int, int64_t>& sizes) const;
  void remove_level(int64_t run, int32_t series, int level) const;
  const Database& database_;
};

std::string pack(const LogPart& part);
LogPart part_of(std::string_view blob);

}  // namespace stet::tracking
