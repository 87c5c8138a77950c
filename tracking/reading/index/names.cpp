#include "stet/tracking/reading/index/names.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "stet/tracking/reading/index/store.h"

namespace stet::tracking {
namespace {

using query::Value;

// Is a run one of those that are asked for?
class Wanted {
 public:
  explicit Wanted(const std::vector<int64_t>& keys) {
    for (const int64_t key : keys) {
      if (static_cast<size_t>(key) >= is_wanted_.size()) is_wanted_.resize(static_cast<size_t>(key) + 1);
      is_wanted_[static_cast<size_t>(key)] = true;
    }
  }
  bool operator()(int64_t key) const {
    return static_cast<size_t>(key) < is_wanted_.size() && is_wanted_[static_cast<size_t>(key)];
  }

 private:
  std::vector<bool> is_wanted_;
};

bool less(const Value& a, const Value& b) { return query::sorts_before(a, b, false); }

// Adds up the values of one parameter. Values are told apart by a hash, so that no text is copied to be forgotten.
class ParameterSum {
 public:
  void add(const Statement& row, int kind_column, int value_column) {
    ++sum_.runs;
    const std::string_view kind = row.view(kind_column);
    const bool is_number = kind == "integer" || kind == "number";
    const size_t hash = is_number ? std::hash<double>()(row.real(value_column)) : text_hash(row, value_column);
    if (seen_.size() < NamedParameter::kMostDistinct && !seen_.insert(hash + kind.size()).second) return;
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
  static size_t text_hash(const Statement& row, int column) {
    return row.is_text(column) ? std::hash<std::string_view>()(row.view(column))
                               : static_cast<size_t>(row.integer(column));
  }
  NamedParameter sum_;
  std::unordered_set<size_t> seen_;
};

// The table is in the order of names.
void add_params(IndexedNames& names, const Database& database, const Wanted& wanted) {
  Statement rows = database.prepare("SELECT name, run, kind, value FROM param");
  std::string name;
  std::optional<ParameterSum> sum;
  const auto finish = [&] {
    if (sum) names.params[name] = sum->take();
    sum.reset();
  };
  while (rows.step()) {
    if (!wanted(rows.integer(1))) continue;
    if (!sum || rows.view(0) != name) {
      finish();
      name = rows.view(0);
      sum.emplace();
    }
    sum->add(rows, 2, 3);
  }
  finish();
}

// A series with the last value of its first run.
struct SeriesSum {
  std::string context;
  NamedSeries sum;
  double last = 0;
};

void add_series(IndexedNames& names, const Database& database, const Wanted& wanted) {
  Statement rows = database.prepare("SELECT name, context, run, count, \"last\" FROM metric");
  std::string name;
  std::vector<SeriesSum> contexts;  // of that name
  const auto finish = [&] {
    for (const SeriesSum& c : contexts) names.series[series_of(name, c.context)] = c.sum;
    contexts.clear();
  };
  while (rows.step()) {
    if (!wanted(rows.integer(2))) continue;
    if (rows.view(0) != name) {
      finish();
      name = rows.view(0);
    }
    const std::string_view context = rows.view(1);
    auto found =
        std::find_if(contexts.begin(), contexts.end(), [&](const SeriesSum& c) { return c.context == context; });
    const double last = rows.real(4);
    if (found == contexts.end()) found = contexts.insert(found, {std::string(context), {}, last});
    ++found->sum.runs;
    found->sum.most_points = std::max(found->sum.most_points, rows.integer(3));
    found->sum.varies |= std::bit_cast<uint64_t>(last) != std::bit_cast<uint64_t>(found->last);
  }
  finish();
}

void count(std::map<std::string, int64_t>& names, const Database& database, const char* table, const Wanted& wanted) {
  Statement rows = database.prepare(fmt::format("SELECT name, run FROM {}", table));
  while (rows.step()) {
    if (wanted(rows.integer(1))) ++names[rows.text(0)];
  }
}

}  // namespace

IndexedNames indexed_names(const Database& database, const std::vector<int64_t>& keys) {
  const Wanted wanted(keys);
  IndexedNames names;
  add_params(names, database, wanted);
  add_series(names, database, wanted);
  count(names.data, database, "data", wanted);
  count(names.tags, database, "tag", wanted);
  return names;
}

}  // namespace stet::tracking
