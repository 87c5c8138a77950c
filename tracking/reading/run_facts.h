// What an index keeps of a run, and queries ask: its record, its notes, and its log added up. Private to reading/.
#pragma once

#include <array>
#include <map>
#include <string>

#include "stet/tracking/query/evaluate.h"
#include "stet/tracking/reading/log_facts.h"
#include "stet/tracking/record/folder.h"

namespace stet::tracking {

struct DataFacts {
  std::string digest;
  int64_t samples = 0;
};

struct RunFacts {
  std::array<query::Value, query::kFieldCount> fields;
  std::map<std::string, query::Value> params;
  std::map<std::string, DataFacts> data;
  LogFacts log;
  bool open = false;     ///< no end mark: it is running while it is held, and dead else
  std::string problem;   ///< why its log can't be read, or not all of it; one line
  bool passing = false;  ///< something could not be read that may be readable the next time

  query::Value& field(std::string_view name);
  const query::Value& field(std::string_view name) const;
};

/// Reads a run folder. `before`: what was known of its log, which is read on from there. Throws DataError and IoError
/// where run.json can't be read; damage of the log is the facts' `problem`.
RunFacts read_facts(const Folder& run, LogFacts before = {});

/// The series of that name: the one whose context was given; without one the one that has none, else the only one. Null
/// where there is none.
const std::pair<const query::SeriesName, SeriesFacts>* find_series(const std::map<query::SeriesName, SeriesFacts>& all,
                                                                   const query::SeriesName& wanted);

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
