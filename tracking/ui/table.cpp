// The table of runs, and what else is asked of many at once.
#include <fmt/format.h>

#include <algorithm>

#include "stet/tracking/reading/groups.h"
#include "stet/tracking/record/clock.h"
#include "stet/tracking/ui/answers.h"
#include "stet/tracking/ui/columns.h"

namespace stet::tracking::ui {
namespace {

using query::Value;

constexpr int64_t kMostRows = 20'000;
constexpr size_t kMostGivenColumns = 200;

// What every row has, whatever its columns.
constexpr const char* kBasics[] = {"id",       "name",     "status",  "made",  "tags",
                                   "archived", "verified", "program", "group", "steps"};
constexpr size_t kBasicCount = std::size(kBasics);

const std::vector<query::Term>& basic_terms() {
  static const std::vector<query::Term> terms = [] {
    std::vector<query::Term> all;
    for (const char* name : kBasics) all.push_back(query::parse_terms(name)[0]);
    return all;
  }();
  return terms;
}

Json row_json(const std::vector<Value>& values, const std::map<std::string, RunLife>& lives) {
  Json row = Json::object();
  for (size_t i = 0; i < kBasicCount; ++i) row[kBasics[i]] = json_of(values[i]);
  if (row["name"].is_null()) row["name"] = "";
  if (row["tags"].is_null()) row["tags"] = Json::array();
  if (const auto* id = values[0].get_if<std::string>()) {
    if (const auto life = lives.find(*id); life != lives.end()) {
      row["stalled"] = life->second.is_stalled;
      row["left_s"] = json_of(life->second.left);
    }
  }
  Json cells = Json::array();
  for (size_t i = kBasicCount; i < values.size(); ++i) cells.push_back(json_of(values[i]));
  row["values"] = std::move(cells);
  return row;
}

std::vector<std::vector<Value>> values_of(LiveIndex::Lease& lease, const std::vector<IndexedRun>& runs,
                                          const std::vector<Column>& columns) {
  std::vector<const query::Expression*> expressions;
  for (const query::Term& term : basic_terms()) expressions.push_back(&term.value);
  for (const Column& c : columns) expressions.push_back(&c.term.value);
  return lease->values(runs, expressions);
}

Json columns_json(const std::vector<Column>& columns) {
  Json all = Json::array();
  for (const Column& c : columns) all.push_back({{"expr", c.expression}, {"label", c.label}, {"kind", c.kind}});
  return all;
}

// A run that could not be read, of a line "folder/run.json: why".
Json unreadable_json(const std::vector<std::string>& problems) {
  Json all = Json::array();
  for (const std::string& line : problems) {
    const size_t colon = line.find(": ");
    all.push_back({{"folder", colon == line.npos ? "" : line.substr(0, colon)},
                   {"why", colon == line.npos ? line : line.substr(colon + 2)}});
  }
  return all;
}

bool names_no_column(const Parameters& p) { return p.text("columns", kMostQueryBytes) == "-"; }

}  // namespace

Json table(Desk& desk, const Parameters& p) {
  const int64_t offset = p.integer("offset", 0, 0, 1'000'000'000), limit = p.integer("limit", 200, 0, kMostRows);
  LiveIndex::Lease lease = desk.index.lease();
  const Selection selection = desk.select(lease, p);
  const auto& all = *selection.runs;
  const auto begin = std::min(static_cast<size_t>(offset), all.size());
  const auto end = std::min(begin + static_cast<size_t>(limit), all.size());
  const std::vector<IndexedRun> shown(all.begin() + static_cast<std::ptrdiff_t>(begin),
                                      all.begin() + static_cast<std::ptrdiff_t>(end));
  TellingColumns telling;
  std::vector<std::string> warnings = selection.remarks;
  if (names_no_column(p)) {
  } else if (p.has("columns")) {
    telling.columns = given_columns(p.list("columns", kMostGivenColumns));
    std::vector<const query::Expression*> expressions;
    for (const Column& c : telling.columns) expressions.push_back(&c.term.value);
    for (std::string& line : lease->remarks(expressions)) warnings.push_back(std::move(line));
  } else {
    telling = *desk.telling(lease, p);
  }
  const auto values = values_of(lease, shown, telling.columns);
  set_kinds(telling.columns, values, kBasicCount);
  Json constants = Json::array(), rows = Json::array();
  const auto lives = desk.index.live();
  for (const auto& row : values) rows.push_back(row_json(row, lives));
  for (const Constant& c : telling.constants)
    constants.push_back({{"expr", c.expression}, {"value", json_of(c.value)}});
  return {{"generation", lease.generation()},
          {"total", lease->size()},
          {"matched", all.size()},
          {"columns", columns_json(telling.columns)},
          {"left_out", telling.left_out},
          {"constants", constants},
          {"rows", std::move(rows)},
          {"unreadable", unreadable_json(lease->problems())},
          {"warnings", warnings}};
}

Json ids(Desk& desk, const Parameters& p) {
  LiveIndex::Lease lease = desk.index.lease();
  const Selection selection = desk.select(lease, p);
  Json all = Json::array();
  for (const IndexedRun& run : *selection.runs) all.push_back(run.id);
  return {{"generation", lease.generation()}, {"ids", std::move(all)}};
}

Json columns(Desk& desk, const Parameters& p) {
  LiveIndex::Lease lease = desk.index.lease();
  const Selection selection = desk.select(lease, p);
  std::vector<Column> wanted = given_columns(p.list("columns", kMostGivenColumns));
  std::vector<const query::Expression*> expressions;
  for (const Column& c : wanted) expressions.push_back(&c.term.value);
  const auto values = lease->values(*selection.runs, expressions);
  set_kinds(wanted, values, 0);
  Json all = Json::array(), names = Json::array();
  for (const IndexedRun& run : *selection.runs) names.push_back(run.id);
  for (size_t k = 0; k < wanted.size(); ++k) {
    Json column = Json::array();
    for (const auto& row : values) column.push_back(json_of(row[k]));
    all.push_back({{"expr", wanted[k].expression}, {"kind", wanted[k].kind}, {"values", std::move(column)}});
  }
  return {{"ids", std::move(names)}, {"columns", std::move(all)}};
}

Json groups(Desk& desk, const Parameters& p) {
  LiveIndex::Lease lease = desk.index.lease();
  const Selection selection = desk.select(lease, p);
  const auto by = query::parse_terms(p.required("by", kMostQueryBytes));
  std::optional<query::Term> of;
  if (p.has("of")) of = query::parse_terms(p.text("of"))[0];
  // By ascending id, so that of equals the oldest is the best, as stet ls has it.
  const std::vector<IndexedRun> runs(selection.runs->rbegin(), selection.runs->rend());
  const RunGroups found = grouped(*lease, runs, by, of, p.flag("lowest"));
  Json spelled = Json::array(), all = Json::array();
  for (const query::Term& term : found.by) spelled.push_back(term.spelling);
  for (const RunGroup& group : found.groups) {
    Json key = Json::array();
    for (const Value& value : group.key) key.push_back(json_of(value));
    const GroupStatistics s = statistics_of(group.values);
    const bool there = s.count > 0, several = s.count > 1;
    const auto number = [](bool has, double value) { return has ? json_of(value) : Json(nullptr); };
    all.push_back({{"key", key},
                   {"n_runs", group.ids.size()},
                   {"n", s.count},
                   {"mean", number(there, s.mean)},
                   {"sd", number(several, s.deviation)},
                   {"se", number(several, s.error)},
                   {"min", number(there, s.min)},
                   {"max", number(there, s.max)},
                   {"best", group.best},
                   {"ids", group.ids}});
  }
  return {{"by", spelled}, {"of", p.text("of")}, {"groups", std::move(all)}};
}

}  // namespace stet::tracking::ui
