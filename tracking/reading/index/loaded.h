// What expressions take of runs, loaded from the index column by column.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/query/evaluate.h"
#include "stet/tracking/reading/index/database.h"
#include "stet/tracking/reading/run_facts.h"
#include "stet/tracking/reading/run_index.h"

namespace stet::tracking {

/// The columns that some expressions take, of some runs.
class Loaded {
 public:
  Loaded(const Database& database, const std::vector<IndexedRun>& runs,
         const std::vector<const query::Expression*>& expressions);

  /// A run as queries see it; one thread may have one each. The runs must outlive it.
  class Values : public query::RunValues {
   public:
    Values(const Loaded& loaded, const IndexedRun& run, size_t row) : loaded_(loaded), run_(run), row_(row) {}
    query::Value field(size_t index) const override { return loaded_.fields_[index].at(row_); }
    query::Value param(const std::string& name) const override { return loaded_.params_.at(name)[row_]; }
    query::Value data_digest(const std::string& name) const override { return loaded_.digests_.at(name)[row_]; }
    query::Value data_samples(const std::string& name) const override { return loaded_.samples_.at(name)[row_]; }
    query::List params() const override { return loaded_.names_[0][row_]; }
    query::List metrics() const override { return loaded_.names_[1][row_]; }
    query::List data() const override { return loaded_.names_[2][row_]; }
    const query::CurveSummary* summary(const query::SeriesName& name) const override;
    const query::Curve& curve(const query::SeriesName& name) const override;

   private:
    const Loaded& loaded_;
    const IndexedRun& run_;
    size_t row_;
    mutable std::map<query::SeriesName, query::Curve> curves_;  // that were read
  };

 private:
  struct Series {
    std::vector<std::optional<query::CurveSummary>> summaries;
    std::vector<query::SeriesName> names;  // in full
  };
  void take(const query::Expression& part);
  void load_field(size_t index);
  void load_param(const std::string& name);
  void load_data(const std::string& name);
  void load_names(size_t which);
  void load_series(const query::SeriesName& name);
  template <class Visit>
  void for_rows(const std::string& sql, const char* which, const std::string& name, const Visit& visit) const;
  std::optional<size_t> row_of(int64_t key) const;

  const Database& database_;
  const std::vector<IndexedRun>& runs_;
  bool few_ = false;          // compared with those that the index holds
  std::vector<size_t> rows_;  // by key
  std::vector<query::Value> fields_[query::kFieldCount];
  std::map<std::string, std::vector<query::Value>> params_, digests_, samples_;
  std::vector<query::List> names_[3];
  std::map<query::SeriesName, Series> series_;
};

}  // namespace stet::tracking
