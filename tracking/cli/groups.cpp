#include "stet/tracking/cli/groups.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "stet/tensor/error.h"
#include "stet/tracking/cli/value_text.h"

namespace stet::tracking::cli {
namespace {

using query::Value;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Value number(double value) { return std::isnan(value) ? Value() : Value(value); }

struct SortedBy {
  size_t column;
  bool descending;
};

SortedBy sorted_by(const Table& table, std::string word) {
  const size_t first = word.find_first_not_of(' '), last = word.find_last_not_of(' ');
  word = first == word.npos ? "" : word.substr(first, last + 1 - first);
  const bool descending = word.starts_with('-');
  if (descending) word.erase(0, 1);
  std::vector<std::string> names;
  for (const Column& column : table.columns) {
    if (column.name == word) return {names.size(), descending};
    names.push_back(column.name);
  }
  raise("ls: --sort: '{}' is no column of the groups; they have {}", word, fmt::join(names, ", "));
}

// Names by ids, of those that no other run has.
std::map<std::string, std::string> names_by_id(RunIndex& index, const std::vector<IndexedRun>& runs) {
  const query::Term name = query::parse_terms("name")[0];
  const auto values = index.values(runs, {&name.value});
  std::map<std::string, size_t> counts;
  for (const auto& row : values) ++counts[short_text(row[0])];
  std::map<std::string, std::string> names;
  for (size_t i = 0; i < runs.size(); ++i) {
    const std::string text = short_text(values[i][0]);
    if (!values[i][0].is_none() && counts[text] == 1) names[runs[i].id] = text;
  }
  return names;
}

void erase_column(Table& table, size_t column) {
  const auto at = static_cast<std::ptrdiff_t>(column);
  table.columns.erase(table.columns.begin() + at);
  for (auto& row : table.rows) row.erase(row.begin() + at);
}

}  // namespace

GroupTable group_table(RunIndex& index, const std::vector<IndexedRun>& runs, const std::vector<query::Term>& by,
                       const std::optional<query::Term>& of, bool lowest) {
  const RunGroups all = grouped(index, runs, by, of, lowest);
  GroupTable out{{}, all.by.size()};
  Table& table = out.table;
  for (const query::Term& term : all.by) table.columns.push_back({term.spelling, term.spelling, false});
  table.columns.push_back({"RUNS", "runs", false});
  if (of) {
    for (const auto& [header, name] : std::initializer_list<std::pair<const char*, const char*>>{
             {"N", "n"}, {"MEAN", "mean"}, {"SD", "sd"}, {"SE", "se"}, {"MIN", "min"}, {"MAX", "max"}})
      table.columns.push_back({header, name, std::string_view(name) != "n" && std::string_view(name) != "mean"});
    table.columns.push_back({lowest ? "LOWEST" : "HIGHEST", "best", false});
  }
  for (const RunGroup& group : all.groups) {
    std::vector<Value> row = group.key;
    row.push_back(Value(static_cast<int64_t>(group.ids.size())));
    const GroupStatistics s = statistics_of(group.values);
    const bool there = s.count > 0;
    if (of) {
      row.push_back(Value(s.count));
      for (const double n : {there ? s.mean : kNaN, s.deviation, s.error, there ? s.min : kNaN, there ? s.max : kNaN})
        row.push_back(number(n));
      row.push_back(group.best.empty() ? Value() : Value(group.best));
    }
    table.rows.push_back(std::move(row));
  }
  return out;
}

void sort_rows(Table& table, const std::string& by) {
  std::vector<SortedBy> order;
  for (size_t at = 0; at <= by.size();) {
    const size_t comma = std::min(by.find(',', at), by.size());
    order.push_back(sorted_by(table, by.substr(at, comma - at)));
    at = comma + 1;
  }
  std::stable_sort(table.rows.begin(), table.rows.end(), [&](const auto& a, const auto& b) {
    for (const SortedBy& one : order) {
      if (query::sorts_before(a[one.column], b[one.column], one.descending)) return true;
      if (query::sorts_before(b[one.column], a[one.column], one.descending)) return false;
    }
    return false;
  });
}

RunTable for_people(RunIndex& index, const std::vector<IndexedRun>& runs, GroupTable groups) {
  RunTable out{std::move(groups.table), {}};
  auto& rows = out.table.rows;
  if (out.table.columns.back().name == "best") {
    const auto names = names_by_id(index, runs);
    for (auto& row : rows) {
      const auto found = names.find(short_text(row.back()));
      if (found != names.end()) row.back() = Value(found->second);
    }
  }
  for (size_t k = groups.keys; k-- > 0 && groups.keys > 1 && rows.size() > 1;) {
    const std::string text = short_text(rows[0][k]);
    if (std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return short_text(row[k]) != text; })) {
      out.table.columns[k].may_go = k > 0;
      continue;
    }
    if (text != "-") out.constants.insert(out.constants.begin(), out.table.columns[k].header + " " + text);
    erase_column(out.table, k);
  }
  return out;
}

}  // namespace stet::tracking::cli
