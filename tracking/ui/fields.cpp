// The names that there are, and what may stand where in a query.
#include <algorithm>
#include <map>

#include "stet/tracking/query/lexer.h"
#include "stet/tracking/query/names.h"
#include "stet/tracking/reading/known_names.h"
#include "stet/tracking/record/text.h"
#include "stet/tracking/ui/answers.h"
#include "stet/tracking/ui/columns.h"

namespace stet::tracking::ui {
namespace {

using query::Value;

constexpr size_t kMostCompletions = 100;

const char* kind_of_field(query::Type type) {
  switch (type) {
    case query::Type::boolean: return "bool";
    case query::Type::number: return "number";
    case query::Type::date: return "time";
    case query::Type::duration: return "duration";
    case query::Type::list: return "list";
    default: return "text";
  }
}

Json counted_json(const std::map<std::string, int64_t>& counts) {
  Json all = Json::array();
  for (const auto& [name, runs] : counts) all.push_back({{"name", name}, {"runs", runs}});
  return all;
}

Json param_json(const std::string& name, const NamedParameter& p) {
  Json json{{"name", name},
            {"kind", kind_of(p.kind)},
            {"distinct", p.distinct},
            {"runs", p.runs},
            {"expr", query::param_expression(name)}};
  if (!p.least.is_none()) json["min"] = json_of(p.least), json["max"] = json_of(p.greatest);
  if (!p.values.empty()) {
    json["values"] = Json::array();
    for (const Value& value : p.values) json["values"].push_back(json_of(value));
  }
  return json;
}

Json series_json(const query::SeriesName& name, const NamedSeries& s) {
  Json context = Json::object();
  for (const auto& [key, value] : name.context) context[key] = value;
  return {{"name", name.name},
          {"context", context},
          {"runs", s.runs},
          {"points_max", s.most_points},
          {"expr", query::metric_expression(name)}};
}

// How many runs have each value of a text field.
Json counted_json(LiveIndex::Lease& lease, const std::vector<IndexedRun>& runs, const char* field) {
  return counted_json(counted_texts(*lease, runs, query::parse_terms(field)[0].value));
}

// The byte at which the n-th character begins.
size_t byte_of(std::string_view text, int64_t characters) {
  size_t at = 0;
  for (int64_t i = 0; i < characters && at < text.size(); ++i)
    at += std::max<size_t>(first_character(text.substr(at)).bytes, 1);
  return at;
}

int64_t characters_in(std::string_view text) {
  int64_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) at += std::max<size_t>(first_character(text.substr(at)).bytes, 1);
  return count;
}

}  // namespace

Json error_json(const query::QueryError& error, std::string_view query) {
  const size_t at = byte_of(query, static_cast<int64_t>(error.column()) - 1);
  size_t end = at;
  while (end < query.size() && (query::is_letter(query[end]) || query::is_digit(query[end]))) ++end;
  return {{"message", error.why()},
          {"column", error.column()},
          {"length", std::max<int64_t>(1, characters_in(query.substr(at, end - at)))}};
}

Json fields(Desk& desk, const Parameters& p) {
  LiveIndex::Lease lease = desk.index.lease();
  const auto names = desk.names(lease, p);
  const Selection selection = desk.select(lease, p);
  Json params = Json::array(), metrics = Json::array(), all = Json::array(), functions = Json::array();
  for (const auto& [name, param] : names->params) params.push_back(param_json(name, param));
  for (const auto& [name, series] : names->series) metrics.push_back(series_json(name, series));
  for (size_t i = 0; i < query::kFieldCount; ++i)
    all.push_back({{"name", query::kFields[i].name},
                   {"kind", kind_of_field(query::kFields[i].type)},
                   {"help", query::help_of_field(i)}});
  for (const query::PartOfSeries& part : query::parts_of_series())
    functions.push_back({{"name", part.name}, {"help", part.help}});
  return {{"generation", lease.generation()},
          {"params", std::move(params)},
          {"metrics", std::move(metrics)},
          {"data", counted_json(names->data)},
          {"tags", counted_json(names->tags)},
          {"programs", counted_json(lease, *selection.runs, "program")},
          {"groups", counted_json(lease, *selection.runs, "group")},
          {"fields", all},
          {"functions", functions}};
}

Json hint(Desk& desk, const Parameters& p) {
  const std::string& query = p.text("query", kMostQueryBytes);
  const int64_t caret = p.integer("caret", characters_in(query), 0, 1'000'000);
  LiveIndex::Lease lease = desk.index.lease();
  Json json = Json::object();
  try {
    json["matched"] = desk.select(lease, p).runs->size();
  } catch (const query::QueryError& e) { json["error"] = error_json(e, query); }
  const Parameters of_all;
  const Selection all = desk.select(lease, of_all);
  const auto names = desk.names(lease, of_all);
  CountedNames known(*lease, *all.runs, *names);
  const std::string_view whole = query;
  const size_t at = byte_of(query, caret);
  const query::Slot slot = query::slot_at(whole.substr(0, at), whole.substr(at));
  std::vector<query::Completion> found = query::completions(slot, known);
  if (found.size() > kMostCompletions) found.resize(kMostCompletions);
  json["from"] = characters_in(whole.substr(0, slot.begin));
  json["completions"] = Json::array();
  for (const query::Completion& c : found)
    json["completions"].push_back({{"text", c.text}, {"kind", c.kind}, {"detail", c.detail}, {"over", c.over}});
  return json;
}

}  // namespace stet::tracking::ui
