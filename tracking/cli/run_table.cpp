#include "stet/tracking/cli/run_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "stet/tracking/cli/value_text.h"
#include "stet/tracking/record/events.h"

namespace stet::tracking::cli {
namespace {

using query::Value;

// A column with its values, before it is known whether it is shown.
struct Candidate {
  std::string header, name;  // above the column, and in the list of constants
  std::vector<Value> values;
  bool is_basic = false;  // shown whether it tells something or not
};

bool same(const Value& a, const Value& b) {
  if (a.is_none() || b.is_none()) return a.is_none() == b.is_none();
  return exact_text(a) == exact_text(b) && a.kind() == b.kind();
}

bool is_constant(const Candidate& c) {
  return std::all_of(c.values.begin(), c.values.end(), [&](const Value& v) { return same(v, c.values.front()); });
}

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

Candidate field(const std::vector<RunFacts>& facts, const char* name, bool basic = false) {
  Candidate c{upper(name), name, {}, basic};
  for (const RunFacts& f : facts) c.values.push_back(f.field(name));
  return c;
}

std::vector<Candidate> params(const std::vector<RunFacts>& facts) {
  std::set<std::string> names;
  for (const RunFacts& f : facts) {
    for (const auto& [name, value] : f.params) names.insert(name);
  }
  std::vector<Candidate> all;
  for (const std::string& name : names) {
    Candidate c{name, "params." + name, {}, false};
    for (const RunFacts& f : facts) {
      const auto found = f.params.find(name);
      c.values.push_back(found == f.params.end() ? Value() : found->second);
    }
    all.push_back(std::move(c));
  }
  return all;
}

std::vector<Candidate> metrics(const std::vector<RunFacts>& facts) {
  std::set<query::SeriesName> names;
  for (const RunFacts& f : facts) {
    for (const auto& [name, summary] : f.log.series) names.insert(name);
  }
  std::vector<Candidate> all;
  for (const query::SeriesName& name : names) {
    const std::string tag = metric_tag(name.name, name.context);
    Candidate c{tag, tag, {}, false};
    for (const RunFacts& f : facts) {
      const auto found = f.log.series.find(name);
      c.values.push_back(found == f.log.series.end() ? Value() : Value(found->second.last));
    }
    all.push_back(std::move(c));
  }
  return all;
}

// Those that most runs have come first.
void by_presence(std::vector<Candidate>& columns) {
  const auto missing = [](const Candidate& c) {
    return std::count_if(c.values.begin(), c.values.end(), [](const Value& v) { return v.is_none(); });
  };
  std::stable_sort(columns.begin(), columns.end(),
                   [&](const Candidate& a, const Candidate& b) { return missing(a) < missing(b); });
}

// Takes turns, so that the first few of each are there where not all have room.
std::vector<Candidate> interleaved(std::vector<Candidate> a, std::vector<Candidate> b) {
  std::vector<Candidate> all;
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    if (i < a.size()) all.push_back(std::move(a[i]));
    if (i < b.size()) all.push_back(std::move(b[i]));
  }
  return all;
}

void remove_constants(std::vector<Candidate>& columns, std::vector<std::string>& constants) {
  const auto is_hidden = [&](const Candidate& c) {
    if (c.is_basic || !is_constant(c)) return false;
    const std::string value = short_text(c.values.front());
    if (value != "-") constants.push_back(c.name + " " + value);
    return true;
  };
  columns.erase(std::remove_if(columns.begin(), columns.end(), is_hidden), columns.end());
}

}  // namespace

RunTable given_columns(RunIndex& index, const std::vector<IndexedRun>& runs, const std::vector<query::Term>& terms) {
  RunTable out;
  std::vector<const query::Expression*> expressions;
  for (const query::Term& term : terms) {
    const bool is_field = term.value.op == query::Expression::Op::field;
    out.table.columns.push_back({is_field ? upper(term.spelling) : term.spelling, term.spelling, false});
    expressions.push_back(&term.value);
  }
  out.table.rows = index.values(runs, expressions);
  return out;
}

RunTable telling_columns(RunIndex& index, const std::vector<IndexedRun>& runs, bool all) {
  std::vector<RunFacts> facts;
  for (const IndexedRun& run : runs) facts.push_back(index.facts(run));
  std::vector<Candidate> columns;
  for (const char* name : {"id", "name", "status", "steps"}) columns.push_back(field(facts, name, true));
  std::vector<Candidate> telling;
  for (const char* name : {"tags", "group", "program", "seed", "verified", "device", "numerics"})
    telling.push_back(field(facts, name));
  std::vector<Candidate> param_columns = params(facts), metric_columns = metrics(facts);
  RunTable out;
  if (!all) std::erase_if(metric_columns, [](const Candidate& c) { return is_system_metric(c.name); });
  if (!all && runs.size() > 1) {
    for (auto* some : {&telling, &param_columns, &metric_columns}) remove_constants(*some, out.constants);
  } else if (!all) {  // of a single run nothing differs
    telling.clear(), param_columns.clear(), metric_columns.clear();
  }
  by_presence(param_columns);
  by_presence(metric_columns);
  const auto append = [&](std::vector<Candidate> some) {
    for (Candidate& c : some) columns.push_back(std::move(c));
  };
  append(interleaved(std::move(param_columns), std::move(metric_columns)));
  append(std::move(telling));
  columns.push_back(field(facts, "made"));
  out.table.rows.resize(runs.size());
  for (Candidate& c : columns) {
    out.table.columns.push_back({c.header, c.name, !c.is_basic});
    for (size_t i = 0; i < runs.size(); ++i) out.table.rows[i].push_back(std::move(c.values[i]));
  }
  return out;
}

}  // namespace stet::tracking::cli
