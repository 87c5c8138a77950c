#include "stet/tracking/reading/index/names.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <map>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "stet/tracking/reading/index/store.h"

namespace stet::tracking {
namespace {

using query::Value;

// The runs that are asked for: a few of many, which are looked up one by one, or most of them, so that tables are read
// as they lie.
class Wanted {
 public:
  Wanted(const Database& database, const std::vector<int64_t>& keys) : database_(database), keys_(keys) {
    for (const int64_t key : keys) {
      if (static_cast<size_t>(key) >= is_wanted_.size()) is_wanted_.resize(static_cast<size_t>(key) + 1);
      is_wanted_[static_cast<size_t>(key)] = true;
    }
    Statement count = database.prepare("SELECT count(*) FROM run");
    few_ = count.step() && static_cast<int64_t>(keys.size()) * 10 < count.integer(0);
  }

  // Their rows of a table; columns 0 and 1 are the name and the run.
  template <class Visit> void for_rows(std::string_view columns, std::string_view table, const Visit& visit) const {
    Statement rows =
        database_.prepare(fmt::format("SELECT name, run{} FROM {}{}", columns, table, few_ ? " WHERE run = ?" : ""));
    if (!few_) {
      while (rows.step()) {
        if (has(rows.integer(1))) visit(rows);
      }
      return;
    }
    for (const int64_t key : keys_) {
      rows.bind(1, key);
      while (rows.step()) visit(rows);
    }
  }

 private:
  bool has(int64_t key) const {
    return static_cast<size_t>(key) < is_wanted_.size() && is_wanted_[static_cast<size_t>(key)];
  }

  const Database& database_;
  const std::vector<int64_t>& keys_;
  std::vector<bool> is_wanted_;
  bool few_ = false;
};

// Sums by name. A table is in the order of names, so that the next row is mostly of the same.
template <class Sum> class ByName {
 public:
  Sum& operator[](std::string_view name) {
    if (last_ == all_.end() || last_->first != name) {
      last_ = all_.find(name);
      if (last_ == all_.end()) last_ = all_.emplace(name, Sum()).first;
    }
    return last_->second;
  }
  std::map<std::string, Sum, std::less<>>& all() { return all_; }

 private:
  std::map<std::string, Sum, std::less<>> all_;
  typename std::map<std::string, Sum, std::less<>>::iterator last_ = all_.end();
};

bool less(const Value& a, const Value& b) { return query::sorts_before(a, b, false); }

// Adds up the values of one parameter. Values are told apart by a hash, so that no text is copied to be forgotten.
class ParameterSum {
 public:
  void add(const Statement& row, int kind_column, int value_column) {
    ++sum_.runs;
    if (seen_.size() < NamedParameter::kMostDistinct && !seen_.insert(hash_of(row, kind_column, value_column)).second)
      return;
    const Value value = param_of(row, kind_column, value_column);
    const bool first = sum_.runs == 1;
    sum_.kind = first || sum_.kind == value.kind() ? value.kind() : query::Kind::none;
    if (sum_.values.size() <= NamedParameter::kMostListed) sum_.values.push_back(value);
    if (value.kind() != query::Kind::number) return;
    if (sum_.least.is_none() || less(value, sum_.least)) sum_.least = value;
    if (sum_.greatest.is_none() || less(sum_.greatest, value)) sum_.greatest = value;
  }

  NamedParameter take() {
    sum_.distinct = static_cast<int64_t>(seen_.size());
    if (sum_.values.size() > NamedParameter::kMostListed) sum_.values.clear();
    std::sort(sum_.values.begin(), sum_.values.end(), less);
    return std::move(sum_);
  }

 private:
  // Equal numbers have the same, whether they are integers or not. An integer's is exact.
  static size_t hash_of(const Statement& row, int kind_column, int column) {
    const std::string_view kind = row.view(kind_column);
    if (kind == "integer") return std::hash<int64_t>()(row.integer(column));
    if (kind == "number") {
      const double value = row.real(column);
      const bool is_whole = value == std::floor(value) && std::abs(value) < 0x1p63;
      return is_whole ? std::hash<int64_t>()(static_cast<int64_t>(value)) : std::hash<double>()(value);
    }
    const size_t hash = row.is_text(column) ? std::hash<std::string_view>()(row.view(column))
                                            : static_cast<size_t>(row.integer(column));
    return hash * 31 + std::hash<std::string_view>()(kind);
  }

  NamedParameter sum_;
  std::unordered_set<size_t> seen_;
};

void add_params(IndexedNames& names, const Wanted& wanted) {
  ByName<ParameterSum> sums;
  wanted.for_rows(", kind, value", "param", [&](const Statement& row) { sums[row.view(0)].add(row, 2, 3); });
  for (auto& [name, sum] : sums.all()) names.params.emplace_hint(names.params.end(), name, sum.take());
}

// A series with the last value of its first run.
struct SeriesSum {
  NamedSeries sum;
  double last = 0;
};

void add_series(IndexedNames& names, const Wanted& wanted) {
  ByName<std::map<std::string, SeriesSum, std::less<>>> sums;  // by context
  wanted.for_rows(", context, count, \"last\"", "metric", [&](const Statement& row) {
    auto& contexts = sums[row.view(0)];
    const std::string_view context = row.view(2);
    const double last = row.real(4);
    auto found = contexts.find(context);
    if (found == contexts.end()) found = contexts.emplace(context, SeriesSum{{}, last}).first;
    SeriesSum& series = found->second;
    ++series.sum.runs;
    series.sum.most_points = std::max(series.sum.most_points, row.integer(3));
    series.sum.varies |= std::bit_cast<uint64_t>(last) != std::bit_cast<uint64_t>(series.last);
  });
  for (const auto& [name, contexts] : sums.all()) {
    for (const auto& [context, series] : contexts) names.series[series_of(name, context)] = series.sum;
  }
}

void count(std::map<std::string, int64_t>& names, const char* table, const Wanted& wanted) {
  ByName<int64_t> sums;
  wanted.for_rows("", table, [&](const Statement& row) { ++sums[row.view(0)]; });
  names.insert(sums.all().begin(), sums.all().end());
}

}  // namespace

IndexedNames indexed_names(const Database& database, const std::vector<int64_t>& keys) {
  const Wanted wanted(database, keys);
  IndexedNames names;
  add_params(names, wanted);
  add_series(names, wanted);
  count(names.data, "data", wanted);
  count(names.tags, "tag", wanted);
  return names;
}

std::vector<std::string> distinct_names(const Database& database, const std::string& table) {
  // From one to the next, without a look at every run that has it.
  Statement rows = database.prepare(
      fmt::format("WITH RECURSIVE each(name) AS (SELECT min(name) FROM {0} UNION ALL SELECT (SELECT min(name) FROM {0} "
                  "WHERE name > each.name) FROM each WHERE each.name IS NOT NULL) "
                  "SELECT name FROM each WHERE name IS NOT NULL",
                  table));
  std::vector<std::string> all;
  while (rows.step()) all.push_back(rows.text(0));
  return all;
}

}  // namespace stet::tracking
