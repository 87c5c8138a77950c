#include "stet/tracking/cli/groups.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace stet::tracking::cli {
namespace {

using query::Value;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// `params` alone stands for every parameter that there is.
std::vector<query::Term> spelled_out(RunIndex& index, const std::vector<IndexedRun>& runs,
                                     const std::vector<query::Term>& by) {
  std::vector<query::Term> terms;
  for (const query::Term& term : by) {
    if (term.value.op != query::Expression::Op::names || term.value.index != 0) {
      terms.push_back(term);
      continue;
    }
    std::map<std::string, bool> names;
    for (const IndexedRun& run : runs) {
      for (const auto& [name, value] : index.facts(run).params) names[name] = true;
    }
    for (const auto& [name, there] : names) {
      query::Term param = term;
      param.spelling = "params." + name;
      param.value.op = query::Expression::Op::param;
      param.value.type = query::Type::unknown;
      param.value.name = name;
      terms.push_back(std::move(param));
    }
  }
  return terms;
}

struct Before {
  bool operator()(const std::vector<Value>& a, const std::vector<Value>& b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](const Value& x, const Value& y) {
      return query::sorts_before(x, y, false);
    });
  }
};

struct Group {
  int64_t runs = 0;
  std::vector<double> values;
  std::string best;  // the id of the run
  double best_value = kNaN;

  void add(const IndexedRun& run, double value, bool lowest) {
    ++runs;
    if (std::isnan(value)) return;
    values.push_back(value);
    if (!std::isnan(best_value) && !(lowest ? value < best_value : value > best_value)) return;
    best_value = value;
    best = run.id;
  }
};

Value number(double value) { return std::isnan(value) ? Value() : Value(value); }

double number_of(const Value& value) {
  if (const auto* duration = value.get_if<query::Duration>()) return duration->seconds;
  return value.number();
}

}  // namespace

GroupStatistics statistics_of(const std::vector<double>& values) {
  GroupStatistics s{.count = static_cast<int64_t>(values.size()), .deviation = kNaN, .error = kNaN};
  if (values.empty()) return s;
  const auto n = static_cast<double>(values.size());
  for (const double value : values) s.mean += value / n;
  double squares = 0;
  for (const double value : values) squares += (value - s.mean) * (value - s.mean);
  if (values.size() > 1) {
    s.deviation = std::sqrt(squares / (n - 1));
    s.error = s.deviation / std::sqrt(n);
  }
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  s.min = *least;
  s.max = *greatest;
  return s;
}

Table grouped(RunIndex& index, const std::vector<IndexedRun>& runs, const std::vector<query::Term>& by,
              const std::optional<query::Term>& of, bool lowest) {
  const std::vector<query::Term> terms = spelled_out(index, runs, by);
  std::vector<const query::Expression*> expressions;
  for (const query::Term& term : terms) expressions.push_back(&term.value);
  if (of) expressions.push_back(&of->value);
  std::vector<std::vector<Value>> values = index.values(runs, expressions);
  std::map<std::vector<Value>, Group, Before> groups;
  for (size_t i = 0; i < runs.size(); ++i) {
    const double value = of ? number_of(values[i].back()) : kNaN;
    values[i].resize(terms.size());
    groups[std::move(values[i])].add(runs[i], value, lowest);
  }
  Table table;
  for (const query::Term& term : terms) table.columns.push_back({term.spelling, term.spelling, false});
  table.columns.push_back({"RUNS", "runs", false});
  if (of) {
    for (const auto& [header, name] : std::initializer_list<std::pair<const char*, const char*>>{
             {"N", "n"}, {"MEAN", "mean"}, {"SD", "sd"}, {"SE", "se"}, {"MIN", "min"}, {"MAX", "max"}})
      table.columns.push_back({header, name, false});
    table.columns.push_back({lowest ? "LOWEST" : "HIGHEST", "best", false});
  }
  for (const auto& [key, group] : groups) {
    std::vector<Value> row = key;
    row.push_back(Value(group.runs));
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
