#include "stet/tracking/cli/groups.h"

#include <cmath>
#include <limits>

namespace stet::tracking::cli {
namespace {

using query::Value;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Value number(double value) { return std::isnan(value) ? Value() : Value(value); }

}  // namespace

Table group_table(RunIndex& index, const std::vector<IndexedRun>& runs, const std::vector<query::Term>& by,
                  const std::optional<query::Term>& of, bool lowest) {
  const RunGroups all = grouped(index, runs, by, of, lowest);
  Table table;
  for (const query::Term& term : all.by) table.columns.push_back({term.spelling, term.spelling, false});
  table.columns.push_back({"RUNS", "runs", false});
  if (of) {
    for (const auto& [header, name] : std::initializer_list<std::pair<const char*, const char*>>{
             {"N", "n"}, {"MEAN", "mean"}, {"SD", "sd"}, {"SE", "se"}, {"MIN", "min"}, {"MAX", "max"}})
      table.columns.push_back({header, name, false});
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
  return table;
}

}  // namespace stet::tracking::cli
