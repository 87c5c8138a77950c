// stet diff.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "stet/tensor/error.h"
#include "stet/tracking/cli/chosen_runs.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/table.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/reading/differences.h"
#include "stet/tracking/record/parse.h"

namespace stet::tracking::cli {
namespace {

using Part = std::pair<const char*, const Differences&>;

void print_json(const RunOverview& a, const RunOverview& b, const RunDifferences& found,
                const std::vector<Part>& parts) {
  Json json{{"first", a.id}, {"second", b.id}};
  for (const auto& [title, differences] : parts) {
    json[title] = Json::object();
    for (const auto& [name, values] : differences) json[title][name] = {values.first, values.second};
  }
  json["same"] = found.same();
  json["same_bits"] = found.same_bits;
  put_json(json);
}

void print_text(const RunOverview& a, const RunDifferences& found, const std::vector<Part>& parts) {
  const auto shown = [](const std::string& value) { return value.empty() ? "-" : value; };
  for (const auto& [title, differences] : parts) {
    for (const auto& [name, values] : differences)
      put_line(fmt::format("{}.{}: {} | {}", title, name, shown(values.first), shown(values.second)));
  }
  if (found.same()) put_line("no difference");
  else if (found.same_bits) put_line(fmt::format("the same bits after {} steps: digest {}", a.steps, a.digest()));
}

bool say_altered(const RunOverview& run) {
  if (run.seal.state != SealState::altered) return false;
  put_error(fmt::format("run {}: {}", run.id, run.seal.line()));
  return true;
}

int compare(const Common& common, const std::filesystem::path& first, const std::filesystem::path& second) {
  const RunOverview a = read_overview(first), b = read_overview(second);
  const RunDifferences found = tracking::diff(a, b);
  const std::vector<Part> parts{{"params", found.parameters},
                                {"data", found.data},
                                {"source", found.source},
                                {"environment", found.environment},
                                {"metrics", found.metrics}};
  if (common.json) print_json(a, b, found, parts);
  else print_text(a, found, parts);
  const bool altered_a = say_altered(a), altered_b = say_altered(b);
  return found.same() && !altered_a && !altered_b ? 0 : 1;
}

// Many runs: what of their tables is not the same in all, a row each.
struct Row {
  const char* part;
  std::string name;
  std::vector<std::string> values;  // by run; empty: it has none
};

std::vector<Row> rows_of(const std::vector<RunTables>& runs) {
  static constexpr std::pair<const char*, tracking::Table RunTables::*> kParts[] = {
      {"params", &RunTables::parameters},
      {"data", &RunTables::data},
      {"source", &RunTables::source},
      {"environment", &RunTables::environment},
      {"metrics", &RunTables::metrics}};
  std::vector<Row> rows;
  for (const auto& [part, table] : kParts) {
    std::set<std::string> names;
    for (const RunTables& run : runs) {
      for (const auto& [name, value] : run.*table) names.insert(name);
    }
    for (const std::string& name : names) {
      Row row{part, name, {}};
      for (const RunTables& run : runs) {
        const auto found = (run.*table).find(name);
        row.values.push_back(found == (run.*table).end() ? "" : found->second);
      }
      const auto same = [&](const std::string& value) { return value == row.values.front(); };
      if (!std::all_of(row.values.begin(), row.values.end(), same)) rows.push_back(std::move(row));
    }
  }
  return rows;
}

query::Value cell_of(const Row& row, const std::string& text) {
  if (text.empty()) return {};
  const bool is_metric = row.part == std::string_view("metrics") && row.name != "digest";
  const auto number = is_metric ? parse_double(text) : std::nullopt;
  return number ? query::Value(*number) : query::Value(text);
}

// Those that have names of their own are called by them.
std::vector<std::string> headers_of(const std::vector<std::string>& ids, const std::vector<std::string>& names) {
  const bool unique = std::set(names.begin(), names.end()).size() == names.size();
  return unique ? names : ids;
}

void print_many(const std::vector<Row>& rows, const std::vector<std::string>& headers) {
  if (rows.empty()) return put_line(fmt::format("no difference among {} runs", headers.size()));
  Table table{{{"", "", false}}, {}};
  for (const std::string& header : headers) table.columns.push_back({header, header, table.columns.size() > 2});
  for (const Row& row : rows) {
    std::vector<query::Value> cells{query::Value(fmt::format("{}.{}", row.part, row.name))};
    for (const std::string& text : row.values) cells.push_back(cell_of(row, text));
    table.rows.push_back(std::move(cells));
  }
  const size_t width = terminal_width();
  const std::vector<std::string> left_out = print_table(table, width);
  if (!left_out.empty()) print_list(fmt::format("no room for {} more runs:", left_out.size()), left_out, width);
}

void print_many_json(const std::vector<Row>& rows, const std::vector<std::string>& ids) {
  Json json{{"runs", ids}};
  for (const char* part : {"params", "data", "source", "environment", "metrics"}) json[part] = Json::object();
  for (const Row& row : rows) json[row.part][row.name] = row.values;
  json["same"] = rows.empty();
  put_json(json);
}

int compare_many(const Common& common, const std::vector<std::filesystem::path>& folders) {
  std::vector<RunTables> tables;
  std::vector<std::string> ids, names;
  bool altered = false;
  for (const std::filesystem::path& folder : folders) {
    const RunOverview run = read_overview(folder);
    tables.push_back(tables_of(run));
    ids.push_back(run.id), names.push_back(run.name);
    altered = say_altered(run) || altered;
  }
  const std::vector<Row> rows = rows_of(tables);
  if (common.json) print_many_json(rows, ids);
  else print_many(rows, headers_of(ids, names));
  return rows.empty() && !altered ? 0 : 1;
}

// Two that are named are held against each other; more, or those of a condition, in a table.
int answer(const Common& common, const std::vector<std::string>& words) {
  if (words.empty()) throw UsageError("diff: name two runs, or more, or give a condition");
  std::vector<std::filesystem::path> runs = selected_runs(words, common);
  if (runs.size() == 1 && words.size() == 2) runs.push_back(runs.front());  // one that is named twice
  if (runs.size() == 1) raise("diff: that is one run, {}; name another", runs.front().filename().string());
  if (words.size() == 2 && runs.size() == 2) return compare(common, runs[0], runs[1]);
  return compare_many(common, runs);
}

}  // namespace

Verb diff() {
  const auto words = std::make_shared<std::vector<std::string>>();
  return {"diff",
          "Show in what runs differ: parameters, data, uncommitted changes of the source, environment, metrics",
          {{{"stet diff mnist latest", "why the newest run came out otherwise than mnist"},
            {"stet diff 'params.model == \"mlp\"'", "a table of what differs among many, a column a run"}}},
          [words](Arguments& arguments) {
            arguments.words("RUN", *words, "two runs, or more, or a condition, as 'params.lr < 1e-3'", Takes::runs);
          },
          [words](const Common& common) { return answer(common, *words); }};
}

}  // namespace stet::tracking::cli
