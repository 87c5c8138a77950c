// What an index keeps of a run, and queries ask: its record, its notes, and its log added up. Private to reading/.
#pragma once

#include <array>
#include <map>
#include <string>

#include "stet/tracking/query/evaluate.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/folder.h"

namespace stet::tracking {

/// A log added up to `position`, from where it can be read on.
struct LogFacts {
  LogPosition position;
  int64_t steps = 0;   ///< the last that was digested
  std::string digest;  ///< of the last state that was digested; empty: none was
  double time = 0;     ///< of the last event
  std::map<query::SeriesName, query::CurveSummary> series;
};

/// Adds what follows `facts.position`, or, where the log no longer goes on from there, all of it anew. Throws DataError
/// and IoError that name the file.
void read_on(LogFacts& facts, const Folder& run);

struct DataFacts {
  std::string digest;
  int64_t samples = 0;
};

struct RunFacts {
  std::array<query::Value, query::kFieldCount> fields;
  std::map<std::string, query::Value> params;
  std::map<std::string, DataFacts> data;
  LogFacts log;
  bool open = false;    ///< no end mark: it is running while it is held, and dead else
  std::string problem;  ///< why its log can't be read, or not all of it; one line

  query::Value& field(std::string_view name);
  const query::Value& field(std::string_view name) const;
};

/// Reads a run folder. `before`: what was known of its log, which is read on from there. Throws DataError and IoError
/// where run.json can't be read; damage of the log is the facts' `problem`.
RunFacts read_facts(const Folder& run, LogFacts before = {});

/// The series of that name: the one whose context was given; without one the one that has none, else the only one. Null
/// where there is none.
const std::pair<const query::SeriesName, query::CurveSummary>* find_series(
    const std::map<query::SeriesName, query::CurveSummary>& all, const query::SeriesName& wanted);

/// The points of a series, by its full name.
query::Curve read_curve(const Folder& run, const query::SeriesName& series);

/// A run's facts as queries see them. Both must outlive it.
class FactValues : public query::RunValues {
 public:
  FactValues(const RunFacts& facts, const std::filesystem::path& folder) : facts_(facts), folder_(folder) {}
  query::Value field(size_t index) const override { return facts_.fields[index]; }
  query::Value param(const std::string& name) const override;
  query::Value data_digest(const std::string& name) const override;
  query::Value data_samples(const std::string& name) const override;
  query::List params() const override;
  query::List metrics() const override;
  query::List data() const override;
  const query::CurveSummary* summary(const query::SeriesName& name) const override;
  const query::Curve& curve(const query::SeriesName& name) const override;

 private:
  const RunFacts& facts_;
  const std::filesystem::path& folder_;
  mutable std::map<query::SeriesName, query::Curve> curves_;  // that were read
};

}  // namespace stet::tracking
