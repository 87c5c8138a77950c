// stet diff.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "stet/tensor/error.h"
#include "stet/tracking/cli/chosen_runs.h"
#include "stet/tracking/cli/difference_table.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/run_words.h"
#include "stet/tracking/cli/table.h"
#include "stet/tracking/cli/value_text.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/reading/differences.h"
#include "stet/tracking/record/parse.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking::cli {
namespace {

// What runs are held against one another by: its name in JSON, and what stands before names of it, as in queries where
// these know it.
struct Part {
  const char* name;
  const char* before;
  tracking::Table RunTables::*table;
  Differences RunDifferences::*differences;
};

constexpr Part kParts[] = {{"run", "", &RunTables::run, &RunDifferences::run},
                           {"params", "params.", &RunTables::parameters, &RunDifferences::parameters},
                           {"hyperparameters", "", &RunTables::hyperparameters, &RunDifferences::hyperparameters},
                           {"data", "data.", &RunTables::data, &RunDifferences::data},
                           {"source", "source.", &RunTables::source, &RunDifferences::source},
                           {"environment", "environment.", &RunTables::environment, &RunDifferences::environment},
                           {"metrics", "metrics.", &RunTables::metrics, &RunDifferences::metrics}};

// Those that have names of their own are called by them.
std::vector<std::string> headers_of(const std::vector<std::string>& ids, const std::vector<std::string>& names) {
  const bool unique = std::set(names.begin(), names.end()).size() == names.size();
  return unique ? names : ids;
}

void print_json(const RunOverview& a, const RunOverview& b, const RunDifferences& found) {
  Json json{{"first", a.id}, {"second", b.id}};
  for (const Part& part : kParts) {
    json[part.name] = Json::object();
    for (const auto& [name, values] : found.*part.differences) json[part.name][name] = {values.first, values.second};
  }
  json["same"] = found.same();
  json["same_bits"] = found.same_bits;
  put_json(json);
}

// What differs of a metric, a row each; of one that only one run has, its last value.
void add_metric(std::vector<DifferenceRow>& rows, const DifferenceRow& whole, const MetricOutline* a,
                const MetricOutline* b) {
  const std::string& name = whole.name;
  if (!a || !b) {
    const std::string last = a || b ? fmt::format("{:.6g}", (a ? a : b)->summary.last) : "";
    return rows.push_back({name, a ? last : "", a ? "" : last});
  }
  const size_t before = rows.size();
  const MetricSummary &x = a->summary, &y = b->summary;
  for (const auto& [what, of] :
       {std::pair("", &MetricSummary::last), {" min", &MetricSummary::min}, {" max", &MetricSummary::max}}) {
    const auto [first, second] = told_apart(x.*of, y.*of);
    if (first != second) rows.push_back({name + what, first, second});
  }
  if (x.count != y.count) rows.push_back({name + " values", std::to_string(x.count), std::to_string(y.count)});
  if (rows.size() == before) rows.push_back(whole);  // it adds up to the same
}

const MetricOutline* metric_of(const RunOverview& run, const std::string& name) {
  const auto it = run.outline.metrics.find(name);
  return it == run.outline.metrics.end() ? nullptr : &it->second;
}

std::vector<DifferenceRow> rows_of(const RunOverview& a, const RunOverview& b, const RunDifferences& found) {
  const std::vector<std::string> headers = headers_of({a.id, b.id}, {a.name, b.name});
  std::vector<DifferenceRow> rows{{"", headers[0], headers[1]}};
  for (const Part& part : kParts) {
    const bool of_metrics = part.differences == &RunDifferences::metrics;
    for (const auto& [name, values] : found.*part.differences) {
      const DifferenceRow row{part.before + name, values.first, values.second};
      if (of_metrics) add_metric(rows, row, metric_of(a, name), metric_of(b, name));
      else rows.push_back(row);
    }
  }
  return rows;
}

void print_text(const RunOverview& a, const RunOverview& b, const RunDifferences& found) {
  if (a.folder == b.folder) return put_line(fmt::format("no difference: both are run {}", a.id));
  if (found.same()) return put_line("no difference");
  for (const std::string& line : difference_lines(rows_of(a, b, found), terminal_width())) put_line(line);
  if (found.same_bits) put_line(fmt::format("the same bits after {}: digest {}", counted(a.steps, "step"), a.digest()));
}

bool say_altered(const RunOverview& run) {
  if (run.seal.state != SealState::altered) return false;
  put_error(fmt::format("run {}: {}", run.id, run.seal.line()));
  return true;
}

int compare(const Common& common, const std::filesystem::path& first, const std::filesystem::path& second) {
  const RunOverview a = read_overview(first), b = read_overview(second);
  const RunDifferences found = tracking::diff(a, b);
  if (common.json) print_json(a, b, found);
  else print_text(a, b, found);
  const bool altered_a = say_altered(a), altered_b = say_altered(b);
  return found.same() && !altered_a && !altered_b ? 0 : 1;
}

// Many runs: what of their tables is not the same in all, a row each.
struct Row {
  const Part* part;
  std::string name;
  std::vector<std::string> values;  // by run; empty: it has none
};

std::vector<Row> rows_of(const std::vector<RunTables>& runs) {
  std::vector<Row> rows;
  for (const Part& part : kParts) {
    std::set<std::string> names;
    for (const RunTables& run : runs) {
      for (const auto& [name, value] : run.*part.table) names.insert(name);
    }
    for (const std::string& name : names) {
      Row row{&part, name, {}};
      for (const RunTables& run : runs) {
        const auto found = (run.*part.table).find(name);
        row.values.push_back(found == (run.*part.table).end() ? "" : found->second);
      }
      const auto same = [&](const std::string& value) { return value == row.values.front(); };
      if (!std::all_of(row.values.begin(), row.values.end(), same)) rows.push_back(std::move(row));
    }
  }
  return rows;
}

query::Value cell_of(const Row& row, const std::string& text) {
  if (text.empty()) return {};
  const bool is_metric = row.part->table == &RunTables::metrics;
  const auto number = is_metric ? parse_double(text) : std::nullopt;
  return number ? query::Value(*number) : query::Value(text);
}

void print_many(const std::vector<Row>& rows, const std::vector<std::string>& headers) {
  if (rows.empty()) return put_line(fmt::format("no difference among {}", counted(headers.size(), "run")));
  Table table{{{"", "", false}}, {}, /*least=*/12};
  for (const std::string& header : headers) table.columns.push_back({header, header, table.columns.size() > 2});
  for (const Row& row : rows) {
    std::vector<query::Value> cells{query::Value(row.part->before + row.name)};
    for (const std::string& text : row.values) cells.push_back(cell_of(row, text));
    table.rows.push_back(std::move(cells));
  }
  const size_t width = terminal_width();
  const std::vector<std::string> left_out = print_table(table, width);
  if (!left_out.empty())
    print_list(fmt::format("no room for {}:", counted(left_out.size(), "more run")), left_out, width);
}

void print_many_json(const std::vector<Row>& rows, const std::vector<std::string>& ids) {
  Json json{{"runs", ids}};
  for (const Part& part : kParts) json[part.name] = Json::object();
  for (const Row& row : rows) json[row.part->name][row.name] = row.values;
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
  require_all_or_none(words, common);
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
