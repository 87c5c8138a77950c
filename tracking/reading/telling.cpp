#include "stet/tracking/reading/telling.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "stet/tracking/query/names.h"
#include "stet/tracking/record/events.h"

namespace stet::tracking {
namespace {

using query::Value;
using Of = TellingColumn::Of;

bool same(const Value& a, const Value& b) { return (a.is_none() && b.is_none()) || query::equal(a, b); }

query::Expression param(const std::string& name) {
  query::Expression e;
  e.op = query::Expression::Op::param;
  e.name = name;
  return e;
}

query::Expression last_of(const query::SeriesName& name) {
  query::Expression series, last;
  series.op = query::Expression::Op::series;
  series.type = query::Type::series;
  series.series = name;
  last.op = query::Expression::Op::member;
  last.type = query::Type::number;
  last.height = 1;
  last.operands.push_back(std::move(series));
  return last;
}

class Teller {
 public:
  Teller(size_t runs, bool all) : runs_(static_cast<int64_t>(runs)), all_(all) {}

  void add_fields(RunIndex& index, const std::vector<IndexedRun>& runs, std::span<const char* const> fields) {
    std::vector<query::Term> terms;
    std::vector<const query::Expression*> expressions;
    for (const char* name : fields) terms.push_back(query::parse_terms(name)[0]);
    for (const query::Term& term : terms) expressions.push_back(&term.value);
    const auto values = index.values(runs, expressions);
    for (size_t k = 0; k < fields.size(); ++k) {
      const bool constant =
          std::all_of(values.begin(), values.end(), [&](const auto& row) { return same(row[k], values[0][k]); });
      TellingColumn column{Of::field, fields[k], fields[k], std::move(terms[k].value)};
      if (!constant || all_) fields_.push_back(std::move(column));
      else if (!values.empty() && !values[0][k].is_none()) constants_.push_back({std::move(column), values[0][k]});
    }
  }
  void add(const std::string& name, const NamedParameter& p) {
    TellingColumn column{Of::param, name, query::param_expression(name), param(name)};
    if (is_constant(p.runs, p.distinct > 1)) constants_.push_back({std::move(column), p.values.at(0)});
    else params_.emplace_back(p.runs, std::move(column));
  }
  void add(const query::SeriesName& name, const NamedSeries& s) {
    if (is_system_metric(name.name) && !all_) return;
    TellingColumn column{Of::metric, metric_tag(name.name, name.context), query::metric_expression(name),
                         last_of(name)};
    if (is_constant(s.runs, s.varies)) constants_.push_back({std::move(column), Value()});  // as yet
    else metrics_.emplace_back(s.runs, std::move(column));
  }

  // Of what all runs have alike, the first has it too.
  void add_values_of_metrics(RunIndex& index, const std::vector<IndexedRun>& runs) {
    std::vector<TellingConstant*> metrics;
    std::vector<const query::Expression*> expressions;
    for (TellingConstant& c : constants_) {
      if (c.column.of != Of::metric) continue;
      metrics.push_back(&c);
      expressions.push_back(&c.column.value);
    }
    if (metrics.empty()) return;
    std::vector<Value> values = std::move(index.values({runs.front()}, expressions).front());
    for (size_t k = 0; k < metrics.size(); ++k) metrics[k]->value = std::move(values[k]);
  }

  Telling take() {
    by_presence(params_);
    by_presence(metrics_);
    Telling out{{}, std::move(constants_)};
    // In turns, so that the first few of each are there where not all have room.
    for (size_t i = 0; i < std::max(params_.size(), metrics_.size()); ++i) {
      for (auto* some : {&params_, &metrics_}) {
        if (i < some->size()) out.columns.push_back(std::move((*some)[i].second));
      }
    }
    std::move(fields_.begin(), fields_.end(), std::back_inserter(out.columns));
    return out;
  }

 private:
  using Candidates = std::vector<std::pair<int64_t, TellingColumn>>;  // with how many runs have it

  bool is_constant(int64_t runs, bool varies) const { return !all_ && runs_ > 1 && runs == runs_ && !varies; }
  static void by_presence(Candidates& all) {
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  }

  int64_t runs_;
  bool all_;
  Candidates params_, metrics_;
  std::vector<TellingColumn> fields_;
  std::vector<TellingConstant> constants_;
};

}  // namespace

Telling tell_apart(RunIndex& index, const std::vector<IndexedRun>& runs, const IndexedNames& names,
                   std::span<const char* const> fields, bool all) {
  Teller teller(runs.size(), all);
  teller.add_fields(index, runs, fields);
  for (const auto& [name, p] : names.params) teller.add(name, p);
  for (const auto& [name, s] : names.series) teller.add(name, s);
  teller.add_values_of_metrics(index, runs);
  return teller.take();
}

}  // namespace stet::tracking
