#include "stet/tracking/ui/columns.h"

#include <algorithm>
#include <utility>

#include "stet/tracking/reading/telling.h"

namespace stet::tracking::ui {
namespace {

using query::Expression;
using query::Value;

std::string kind_of_expression(const Expression& e) {
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

Column column(const std::string& expression) {
  query::Term term = query::parse_terms(expression).at(0);
  return {expression, expression, kind_of_expression(term.value), std::move(term)};
}

// The fields that are shown where runs differ in them; name, status, tags and when it was made are shown in any case.
constexpr const char* kTellingFields[] = {"group", "program", "seed", "verified", "device", "numerics", "isa", "host"};

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
  for (const std::string& expression : expressions) columns.push_back(column(expression));
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
  Telling telling = tell_apart(index, runs, names, kTellingFields);
  TellingColumns out;
  for (TellingConstant& c : telling.constants)
    out.constants.push_back({std::move(c.column.expression), std::move(c.value)});
  for (const char* name : {"steps", "duration"}) out.columns.push_back(column(name));
  for (TellingColumn& c : telling.columns) {
    if (c.of == TellingColumn::Of::field || out.columns.size() < kMostColumns)
      out.columns.push_back(
          {c.expression, c.label, kind_of_expression(c.value), {c.expression, std::move(c.value), false}});
    else ++out.left_out;
  }
  return out;
}

}  // namespace stet::tracking::ui
