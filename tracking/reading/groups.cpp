#include "stet/tracking/reading/groups.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace stet::tracking {
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
    for (const auto& [name, values] : index.names(runs).params) {
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
  RunGroup runs;
  double best = kNaN;

  void add(const IndexedRun& run, double value, bool lowest) {
    runs.ids.push_back(run.id);
    if (std::isnan(value)) return;
    runs.values.push_back(value);
    if (!std::isnan(best) && !(lowest ? value < best : value > best)) return;
    best = value;
    runs.best = run.id;
  }
};

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

RunGroups grouped(RunIndex& index, const std::vector<IndexedRun>& runs, const std::vector<query::Term>& by,
                  const std::optional<query::Term>& of, bool lowest) {
  RunGroups all{spelled_out(index, runs, by), {}};
  std::vector<const query::Expression*> expressions;
  for (const query::Term& term : all.by) expressions.push_back(&term.value);
  if (of) expressions.push_back(&of->value);
  std::vector<std::vector<Value>> values = index.values(runs, expressions);
  std::map<std::vector<Value>, Group, Before> groups;
  for (size_t i = 0; i < runs.size(); ++i) {
    const double value = of ? number_of(values[i].back()) : kNaN;
    values[i].resize(all.by.size());
    groups[std::move(values[i])].add(runs[i], value, lowest);
  }
  for (auto& [key, group] : groups) {
    group.runs.key = key;
    all.groups.push_back(std::move(group.runs));
  }
  return all;
}

}  // namespace stet::tracking
