#include "stet/tracking/cli/run_table.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "stet/tracking/cli/value_text.h"
#include "stet/tracking/reading/telling.h"

namespace stet::tracking::cli {
namespace {

using query::Value;

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

std::vector<const query::Expression*> expressions_of(const std::vector<query::Term>& terms) {
  std::vector<const query::Expression*> all;
  for (const query::Term& term : terms) all.push_back(&term.value);
  return all;
}

// The fields that are shown where runs differ in them.
constexpr const char* kTellingFields[] = {"tags", "group", "program", "seed", "verified", "device", "numerics"};

std::string name_of(const TellingColumn& c) {
  return c.of == TellingColumn::Of::param ? "params." + c.label : c.label;  // as --csv has it
}

const query::SeriesName& series_of(const TellingColumn& c) { return c.value.operands.at(0).series; }

// What stands over a column; where a parameter and a metric are called alike, so that they are told apart.
std::string header_of(const TellingColumn& c, const std::vector<TellingColumn>& all) {
  if (c.of == TellingColumn::Of::field) return upper(c.label);
  const auto is_like = [&](const TellingColumn& other) { return other.label == c.label && other.of != c.of; };
  return std::any_of(all.begin(), all.end(), is_like) ? name_of(c) : c.label;
}

// A metric without a context stands in a query for the only one of its name too. Here that one has a column of its own.
void drop_values_of_contexts(RunIndex& index, const std::vector<IndexedRun>& runs, const IndexedNames& names,
                             const std::vector<TellingColumn>& columns, size_t first, Table& table) {
  std::vector<size_t> ambiguous;
  for (size_t k = 0; k < columns.size(); ++k) {
    if (columns[k].of != TellingColumn::Of::metric || !series_of(columns[k]).context.empty()) continue;
    const auto next = std::next(names.series.find(series_of(columns[k])));
    if (next != names.series.end() && next->first.name == series_of(columns[k]).name) ambiguous.push_back(k);
  }
  for (size_t i = 0; i < (ambiguous.empty() ? 0 : runs.size()); ++i) {
    const auto series = index.facts(runs[i]).log.series;
    for (const size_t k : ambiguous) {
      if (!series.contains(series_of(columns[k]))) table.rows[i][first + k] = Value();
    }
  }
}

}  // namespace

RunTable given_columns(RunIndex& index, const std::vector<IndexedRun>& runs, const std::vector<query::Term>& terms) {
  RunTable out;
  for (const query::Term& term : terms) {
    const bool is_field = term.value.op == query::Expression::Op::field;
    out.table.columns.push_back({is_field ? upper(term.spelling) : term.spelling, term.spelling, false});
  }
  out.table.rows = index.values(runs, expressions_of(terms));
  return out;
}

RunTable telling_columns(RunIndex& index, const std::vector<IndexedRun>& runs, bool all) {
  const IndexedNames names = index.names(runs);
  Telling telling;  // of a single run nothing differs
  if (all || runs.size() > 1) telling = tell_apart(index, runs, names, kTellingFields, all);
  RunTable out;
  for (const TellingConstant& c : telling.constants) {
    const std::string value = short_text(c.value);
    if (value != "-") out.constants.push_back(name_of(c.column) + " " + value);
  }
  std::vector<query::Term> terms = query::parse_terms("id, name, status, steps");
  const size_t first = terms.size();
  for (const query::Term& basic : terms) out.table.columns.push_back({upper(basic.spelling), basic.spelling, false});
  for (const TellingColumn& c : telling.columns) {
    terms.push_back({c.expression, c.value, false});
    out.table.columns.push_back({header_of(c, telling.columns), name_of(c), true});
  }
  terms.push_back(query::parse_terms("made")[0]);
  out.table.columns.push_back({"MADE", "made", true});
  out.table.rows = index.values(runs, expressions_of(terms));
  drop_values_of_contexts(index, runs, names, telling.columns, first, out.table);
  return out;
}

}  // namespace stet::tracking::cli
