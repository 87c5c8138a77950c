// stet ls.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "stet/tracking/cli/groups.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/run_table.h"
#include "stet/tracking/cli/value_text.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/reading/run_index.h"
#include "stet/tracking/reading/runs.h"
#include "stet/tracking/reading/selection.h"
#include "stet/tracking/record/events.h"

namespace stet::tracking::cli {
namespace {

struct Options {
  std::vector<std::string> query;
  std::string columns, sort, group_by, of;
  int limit = 0;
  bool check = false, all = false, csv = false, stale = false, lowest = false;
};

// Calls `print` for each run folder, and says of those that can't be read why.
// Returns the exit status.
template <class F> int for_each(const std::vector<std::filesystem::path>& runs, const F& print) {
  int status = 0;
  for (const auto& folder : runs) {
    try {
      print(folder);
    } catch (const std::exception& e) {
      put_error(message_of(e));
      status = 2;
    }
  }
  return status;
}

// Says which are altered; the exit status.
int check(const std::vector<std::filesystem::path>& folders) {
  int altered = 0;
  const int unreadable = for_each(folders, [&](const auto& folder) {
    const SealCheck seal = check_seal(Folder(folder), SealDepth::everything);
    put_line(fmt::format("{:<24} {}", folder.filename().string(), seal.line()));
    altered |= seal.state == SealState::altered;
  });
  return unreadable != 0 ? unreadable : altered;
}

// What was asked, parsed: an error in any of it comes before anything is read.
struct Asked {
  query::Expression condition;
  std::vector<query::Term> columns, sort, group_by;
  std::optional<query::Term> of;

  std::vector<const query::Expression*> expressions() const {
    std::vector<const query::Expression*> all{&condition};
    for (const auto* terms : {&columns, &sort, &group_by}) {
      for (const query::Term& term : *terms) all.push_back(&term.value);
    }
    if (of) all.push_back(&of->value);
    return all;
  }
};

Asked parsed(const Options& options) {
  Asked asked{query::parse(fmt::format("{}", fmt::join(options.query, " "))), {}, {}, {}, {}};
  if (!options.columns.empty()) asked.columns = query::parse_terms(options.columns);
  if (!options.sort.empty()) asked.sort = query::parse_terms(options.sort, /*sorts=*/true);
  if (!options.group_by.empty()) asked.group_by = query::parse_terms(options.group_by);
  if (options.of.empty()) return asked;
  std::vector<query::Term> of = query::parse_terms(options.of);
  if (of.size() != 1) throw query::QueryError(options.of, 0, "one number was expected");
  asked.of = std::move(of[0]);
  return asked;
}

// The first of those that are sorted, else the newest.
void limit(std::vector<IndexedRun>& runs, size_t most, bool sorted) {
  if (most == 0 || runs.size() <= most) return;
  if (sorted) runs.resize(most);
  else runs.erase(runs.begin(), runs.end() - static_cast<std::ptrdiff_t>(most));
}

Json run_json(RunIndex& index, const IndexedRun& run) {
  const RunFacts facts = index.facts(run);
  Json json = Json::object();
  const auto add = [&](const char* key, const char* field) { json[key] = json_of(facts.field(field)); };
  const auto add_text = [&](const char* key) {
    json[key] = facts.field(key).is_none() ? Json("") : json_of(facts.field(key));
  };
  add_text("id");
  add_text("name");
  json["folder"] = run.folder.string();
  add_text("program");
  add("status", "status");
  add_text("group");
  add("tags", "tags");
  add("archived", "archived");
  add("created", "made");
  add("seed", "seed");
  Json params = Json::object(), metrics = Json::object();
  for (const auto& [name, value] : facts.params) params[name] = json_of(value);
  for (const auto& [name, summary] : facts.log.series)
    metrics[metric_tag(name.name, name.context)] = json_of(summary.last);
  json["params"] = params;
  json["metrics"] = metrics;
  add("steps", "steps");
  add_text("digest");
  return json;
}

// A row an object, its members by the columns' names.
Json table_json(const Table& table) {
  Json array = Json::array();
  for (const auto& row : table.rows) {
    Json object = Json::object();
    for (size_t i = 0; i < row.size(); ++i) object[table.columns[i].name] = json_of(row[i]);
    array.push_back(object);
  }
  return array;
}

void print_json(RunIndex& index, const std::vector<IndexedRun>& runs, const Asked& asked) {
  if (!asked.columns.empty()) {
    put_json(table_json(given_columns(index, runs, asked.columns).table));
    return;
  }
  Json array = Json::array();
  for (const IndexedRun& run : runs) array.push_back(run_json(index, run));
  put_json(array);
}

void print_for_people(const RunTable& table) {
  const size_t width = terminal_width();
  const std::vector<std::string> left_out = print_table(table.table, width);
  if (!left_out.empty()) print_list(fmt::format("no room for {} more columns:", left_out.size()), left_out, width);
  if (!table.constants.empty()) print_list("the same in all:", table.constants, width);
}

void print_runs(RunIndex& index, const std::vector<IndexedRun>& runs, const Asked& asked, const Options& options) {
  const RunTable table =
      asked.columns.empty() ? telling_columns(index, runs, options.csv) : given_columns(index, runs, asked.columns);
  if (options.csv) print_csv(table.table);
  else print_for_people(table);
}

void print_groups(RunIndex& index, const std::vector<IndexedRun>& runs, const Asked& asked, const Options& options,
                  bool json) {
  const Table table = group_table(index, runs, asked.group_by, asked.of, options.lowest);
  if (json) put_json(table_json(table));
  else if (options.csv) print_csv(table);
  else print_for_people({table, {}});
}

std::string nothing_found(RunIndex& index, const std::string& folder) {
  const size_t size = index.size();
  if (size == 0) return "no runs in " + folder;
  return fmt::format("none of {} runs in {}", size, folder);
}

int list(const Options& options, const Common& common) {
  const Asked asked = parsed(options);
  RunIndex index(common.runs, options.stale ? RunIndex::Freshness::stale : RunIndex::Freshness::refresh);
  std::vector<IndexedRun> runs = index.matching(options.all ? asked.condition : without_archived(asked.condition));
  if (!asked.sort.empty()) sort_runs(index, runs, asked.sort);
  limit(runs, static_cast<size_t>(options.limit), !asked.sort.empty());
  const bool machine = common.json || options.csv;
  if (runs.empty() && !machine) put_line(nothing_found(index, common.runs));
  else if (!asked.group_by.empty()) print_groups(index, runs, asked, options, common.json);
  else if (common.json) print_json(index, runs, asked);
  else print_runs(index, runs, asked, options);
  for (const std::string& remark : index.remarks(asked.expressions())) put_error(remark);
  const std::vector<std::string> problems = index.problems();
  for (const std::string& problem : problems) put_error(problem);
  return problems.empty() ? 0 : 2;
}

int answer(const Options& options, const Common& common) {
  if (options.check) return check(Runs(common.runs).folders());
  try {
    return list(options, common);
  } catch (const query::QueryError& e) {
    put_error(e.what());
    const std::string pointed = e.pointed();
    put_line("  " + pointed.substr(0, pointed.find('\n')), stderr);
    put_line("  " + pointed.substr(pointed.find('\n') + 1), stderr);
    return 2;
  }
}

}  // namespace

Verb ls() {
  const auto options = std::make_shared<Options>();
  return {"ls",
          "List the runs, or those for which a condition holds",
          {{{"stet ls 'params.lr < 1e-3 and metrics[\"test/accuracy\"].max >= 0.97'",
             "runs with a small learning rate that came to 97 %"},
            {"stet ls --sort '-metrics[\"test/accuracy\"].max' --limit 10", "the ten best runs, the best first"}}},
          [options](Arguments& arguments) {
            arguments.words("QUERY", options->query,
                            "a condition, as 'params.lr < 1e-3 and status == \"finished\"', or words to search for",
                            Takes::query);
            arguments.option("--columns", options->columns, "what to show, as 'name, params.lr, metrics[\"loss\"].min'",
                             Takes::terms);
            arguments.option("--sort", options->sort, "by what, as 'made' or '-metrics[\"accuracy\"].max'",
                             Takes::terms);
            arguments.option("--limit", options->limit, 1, std::numeric_limits<int>::max(),
                             "the first so many of what is sorted, else the newest");
            arguments.option("--group-by", options->group_by,
                             "a row for all runs that are equal in it, as 'params.lr'; 'params': in all parameters",
                             Takes::terms);
            arguments.option("--of", options->of,
                             "of what number a group shows the mean, deviation, extremes and best run", Takes::terms);
            arguments.flag("--lowest", options->lowest, "the best run of a group is the lowest");
            arguments.flag("--all", options->all, "archived runs too");
            arguments.flag("--csv", options->csv, "print CSV");
            arguments.flag("--stale", options->stale, "from what is known, without looking for what changed since");
            arguments.flag("--check", options->check, "hold every file of every run against its seal");
          },
          [options](const Common& common) { return answer(*options, common); }};
}

}  // namespace stet::tracking::cli
