#include "stet/tracking/ui/columns.h"

#include <algorithm>

#include "stet/tracking/query/names.h"
#include "stet/tracking/record/events.h"

namespace stet::tracking::ui {
namespace {

using query::Expression;
using query::Value;

std::string kind_of(const Expression& e) {
  if (e.op == Expression::Op::field) {
    const std::string_view name = query::kFields[e.index].name;
    if (name == "status" || name == "tags" || name == "size") return std::string(name);
  }
  switch (e.type) {
    case query::Type::boolean: return "bool";
    case query::Type::date: return "time";
    case query::Type::duration: return "duration";
    case query::Type::number:
    case query::Type::series: return "number";
    default: return "text";
  }
}

Column column(const std::string& expression, const std::string& label) {
  std::vector<query::Term> terms = query::parse_terms(expression);
  Column c{expression, label, kind_of(terms.at(0).value), std::move(terms[0])};
  return c;
}

// One that is shown, behind those that more runs have.
struct Candidate {
  int64_t runs;
  std::string expression, label;
};

void by_presence(std::vector<Candidate>& all) {
  std::stable_sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) { return a.runs > b.runs; });
}

bool same(const Value& a, const Value& b) { return (a.is_none() && b.is_none()) || query::equal(a, b); }

// The fields that are shown where runs differ in them.
constexpr const char* kTellingFields[] = {"group", "program", "seed", "verified", "device", "numerics", "isa", "host"};

void add_fields(TellingColumns& out, RunIndex& index, const std::vector<IndexedRun>& runs) {
  std::vector<query::Term> terms;
  std::vector<const Expression*> expressions;
  for (const char* name : kTellingFields) terms.push_back(query::parse_terms(name)[0]);
  for (const query::Term& term : terms) expressions.push_back(&term.value);
  const auto values = index.values(runs, expressions);
  for (size_t k = 0; k < terms.size(); ++k) {
    const bool constant =
        std::all_of(values.begin(), values.end(), [&](const auto& row) { return same(row[k], values[0][k]); });
    if (!constant) out.columns.push_back(column(kTellingFields[k], kTellingFields[k]));
    else if (!values.empty() && !values[0][k].is_none()) out.constants.push_back({kTellingFields[k], values[0][k]});
  }
}

}  // namespace

const char* kind_of(query::Kind kind) {
  switch (kind) {
    case query::Kind::number: return "number";
    case query::Kind::boolean: return "bool";
    case query::Kind::date: return "time";
    case query::Kind::duration: return "duration";
    default: return "text";
  }
}

std::vector<Column> given_columns(const std::vector<std::string>& expressions) {
  std::vector<Column> columns;
  for (const std::string& expression : expressions) columns.push_back(column(expression, expression));
  return columns;
}

void set_kinds(std::vector<Column>& columns, const std::vector<std::vector<Value>>& rows, size_t first) {
  for (size_t k = 0; k < columns.size(); ++k) {
    if (columns[k].term.value.type != query::Type::unknown) continue;
    const auto known =
        std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return !row[first + k].is_none(); });
    if (known != rows.end()) columns[k].kind = kind_of((*known)[first + k].kind());
  }
}

TellingColumns telling_columns(RunIndex& index, const std::vector<IndexedRun>& runs, const IndexedNames& names) {
  TellingColumns out;
  const auto count = static_cast<int64_t>(runs.size());
  std::vector<Candidate> params, metrics;
  for (const auto& [name, p] : names.params) {
    const bool constant = p.runs == count && p.distinct == 1;
    if (constant && count > 1) out.constants.push_back({query::param_expression(name), p.values.at(0)});
    else params.push_back({p.runs, query::param_expression(name), name});
  }
  for (const auto& [name, s] : names.series) {
    if (is_system_metric(name.name)) continue;
    if (s.varies || s.runs < count || count == 1)
      metrics.push_back({s.runs, query::metric_expression(name), metric_tag(name.name, name.context)});
  }
  by_presence(params);
  by_presence(metrics);
  for (const char* name : {"steps", "duration"}) out.columns.push_back(column(name, name));
  for (size_t i = 0; i < std::max(params.size(), metrics.size()); ++i) {
    for (const auto* some : {&params, &metrics}) {
      if (i >= some->size()) continue;
      if (out.columns.size() < kMostColumns) out.columns.push_back(column((*some)[i].expression, (*some)[i].label));
      else ++out.left_out;
    }
  }
  add_fields(out, index, runs);
  return out;
}

}  // namespace stet::tracking::ui
