// A log added up, so that it can be read on from where reading stopped. Private to reading/.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/query/curve.h"
#include "stet/tracking/query/expression.h"
#include "stet/tracking/reading/committed_steps.h"
#include "stet/tracking/reading/level_buckets.h"
#include "stet/tracking/reading/log_view.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/folder.h"

namespace stet::tracking {

/// A series added up.
struct SeriesFacts : query::CurveSummary {
  int32_t number = 0;                   ///< series are counted in the order in which the log has them
  std::string tag;                      ///< under which it is shown
  int64_t first_step = 0;               ///< of the first that was logged
  int64_t low_step = 0, high_step = 0;  ///< the least and the greatest
  int level = -1;                       ///< of its finest buckets; -1: it has none
  int64_t buckets = 0;                  ///< of that level, when it was read

  void add(const Point& point);
};

/// The texts, images, histograms or vectors of one name.
struct MediaFacts {
  LoggedMedium::Kind kind = LoggedMedium::Kind::text;  ///< of the first
  int64_t count = 0;
  int64_t step = 0, bytes = 0;  ///< of the last
};

/// How many events a part of the log has.
inline constexpr int64_t kLogPart = 4096;

/// Successive events, so that those of some steps can be read without the rest of the log.
struct LogPart {
  LogPosition begin;
  int64_t events = 0;
  int64_t low_step = std::numeric_limits<int64_t>::max();  ///< of its metrics' values
  int64_t high_step = std::numeric_limits<int64_t>::min();
  std::vector<bool> series;  ///< by number: has it values of that one?

  void add(int32_t number, int64_t step);
  bool has(int32_t number) const { return static_cast<size_t>(number) < series.size() && series[number]; }
};

/// What was read of a log the last time, for what is too large to be written anew each time.
struct LogGrowth {
  bool whole = true;                        ///< nothing of before counts
  LogPosition from;                         ///< where reading began else
  std::vector<LogPart> parts;               ///< that are full now
  std::map<int32_t, LevelBuckets> buckets;  ///< of new points, by the series' number; of one that became long, all
};

/// A log added up to `position`, from where it can be read on.
struct LogFacts {
  LogPosition position;
  int64_t events = 0;
  int64_t steps = 0;         ///< the last that was digested
  CommittedSteps committed;  ///< that it shows
  std::string digest;        ///< of the last state that was digested; empty: none was
  uint64_t digest_tick = 0;  ///< where
  double time = 0;           ///< of the last event
  bool stopped = false;      ///< the last event says that the run has ended
  std::string best_metric;   ///< whose latest value each checkpoint's mark gets
  std::optional<double> best_value;
  std::map<query::SeriesName, SeriesFacts> series;
  std::map<std::string, MediaFacts> media;           ///< by the name under which they are shown
  std::map<uint64_t, LoggedCheckpoint> checkpoints;  ///< by tick
  LogPart part;                                      ///< that is not full yet

  LogGrowth growth;
};

/// Adds what follows `facts.position`, or, where the log no longer goes on from there or another best metric counts,
/// all of it anew. Throws DataError and IoError that name the file.
void read_on(LogFacts& facts, const Folder& run, const std::string& best_metric = {});

/// The points of series, by their full names, in the order in which they were logged. Throws DataError and IoError that
/// name the file.
std::vector<std::vector<Point>> read_series(const Folder& run, const std::vector<query::SeriesName>& series);

/// The same of some parts of the log alone, up to where it was read. None where the log does not hold these places any
/// more, or holds something else there.
std::optional<std::vector<Point>> read_parts(const Folder& run, const query::SeriesName& series,
                                             const std::vector<LogPart>& parts);

/// The points of a series, by its full name.
query::Curve read_curve(const Folder& run, const query::SeriesName& series);

}  // namespace stet::tracking
