// stet ls.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "stet/tensor/error.h"
#include "stet/tracking/cli/groups.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/run_table.h"
#include "stet/tracking/cli/run_words.h"
#include "stet/tracking/cli/runs_folder.h"
#include "stet/tracking/cli/seal_list.h"
#include "stet/tracking/cli/value_text.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/reading/run_folders.h"
#include "stet/tracking/reading/run_index.h"
#include "stet/tracking/reading/runs.h"
#include "stet/tracking/reading/selection.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking::cli {
namespace {

struct Options {
  std::vector<std::string> query;
  std::string columns, sort, group_by, of;
  int limit = 0;
  bool check = false, all = false, csv = false, stale = false, lowest = false;
};

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

// Options that would be passed over.
void refuse_useless(const Options& options, const Common& common) {
  const bool groups = !options.group_by.empty();
  if (!groups && !options.of.empty()) throw UsageError("ls: --of is of groups: say by --group-by which");
  if (options.lowest && options.of.empty())
    throw UsageError("ls: --lowest is of a number of groups: say by --of which");
  if (groups && !options.columns.empty())
    throw UsageError("ls: --columns and --group-by: a group has columns of its own");
  if (common.json && options.csv) throw UsageError("ls: --json and --csv: say one of them");
  if (!options.check) return;
  for (const auto& [name, given] : {std::pair("--group-by", groups),
                                    {"--columns", !options.columns.empty()},
                                    {"--sort", !options.sort.empty()},
                                    {"--limit", options.limit > 0},
                                    {"--json", common.json},
                                    {"--csv", options.csv},
                                    {"--stale", options.stale}}) {
    if (given) throw UsageError(fmt::format("ls: --check and {}: it takes a condition alone", name));
  }
}

query::Term number_term(const std::string& text) {
  std::vector<query::Term> terms = query::parse_terms(text);
  if (terms.size() != 1) throw query::QueryError(text, 0, "one number was expected");
  const query::Type type = terms[0].value.type;
  if (type != query::Type::number && type != query::Type::duration && type != query::Type::unknown)
    throw query::QueryError(text, 0, fmt::format("a number was expected, and this is {}", query::name_of(type)));
  return std::move(terms[0]);
}

Asked parsed(const Options& options) {
  Asked asked{query::parse(fmt::format("{}", fmt::join(options.query, " "))), {}, {}, {}, {}};
  if (!options.columns.empty()) asked.columns = query::parse_terms(options.columns);
  if (!options.sort.empty() && options.group_by.empty()) asked.sort = query::parse_terms(options.sort, /*sorts=*/true);
  if (!options.group_by.empty()) asked.group_by = query::parse_terms(options.group_by);
  if (!options.of.empty()) asked.of = number_term(options.of);
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
  if (!left_out.empty())
    print_list(fmt::format("no room for {}:", counted(left_out.size(), "more column")), left_out, width);
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
  GroupTable groups = group_table(index, runs, asked.group_by, asked.of, options.lowest);
  if (!options.sort.empty()) sort_rows(groups.table, options.sort);
  const auto most = static_cast<size_t>(options.limit);
  if (most > 0 && groups.table.rows.size() > most) groups.table.rows.resize(most);
  if (json) put_json(table_json(groups.table));
  else if (options.csv) print_csv(groups.table);
  else print_for_people(for_people(index, runs, std::move(groups)));
}

std::string nothing_found(RunIndex& index, const Asked& asked, const std::string& folder) {
  const size_t size = index.size();
  if (size == 0) return "no runs in " + folder;
  const size_t archived = index.matching(asked.condition).size();
  return fmt::format("none of {} in {}{}", counted(size, "run"), folder,
                     archived == 0 ? "" : fmt::format("; {} archived: --all", archived));
}

int list(const Options& options, const Common& common) {
  const Asked asked = parsed(options);
  RunIndex index(common.runs, options.stale ? RunIndex::Freshness::stale : RunIndex::Freshness::refresh);
  std::vector<IndexedRun> runs = index.matching(options.all ? asked.condition : without_archived(asked.condition));
  if (!asked.sort.empty()) sort_runs(index, runs, asked.sort);
  if (asked.group_by.empty()) limit(runs, static_cast<size_t>(options.limit), !asked.sort.empty());
  const bool machine = common.json || options.csv;
  if (runs.empty() && !machine) put_line(nothing_found(index, asked, common.runs));
  else if (!asked.group_by.empty()) print_groups(index, runs, asked, options, common.json);
  else if (common.json) print_json(index, runs, asked);
  else print_runs(index, runs, asked, options);
  for (const std::string& remark : index.remarks(asked.expressions())) put_error(remark);
  return put_problems(index.problems());
}

// Archived runs too, unless a condition is given.
int check(const Options& options, const Common& common) {
  if (options.query.empty()) {
    const RunFolders all = list_run_folders(common.runs);
    int status = print_seals(all.runs);
    for (const UnreadableRun& run : all.unreadable) status = put_problems({run.why});
    return status;
  }
  const query::Expression condition = parsed(options).condition;
  RunIndex index(common.runs);
  std::vector<std::filesystem::path> folders;
  for (const IndexedRun& run : index.matching(options.all ? condition : without_archived(condition)))
    folders.push_back(run.folder);
  if (folders.empty()) raise_no_runs("ls", options.query, common);
  const int status = print_seals(folders);
  return std::max(status, put_problems(index.problems()));
}

int answer(const Options& options, const Common& common) {
  refuse_useless(options, common);
  require_runs_folder(common);
  return options.check ? check(options, common) : list(options, common);
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
            arguments.option(
                "--sort", options->sort,
                "by what, as 'made' or '-metrics[\"accuracy\"].max'; groups by a column of theirs, as '-mean'",
                Takes::terms);
            arguments.option("--limit", options->limit, 1, std::numeric_limits<int>::max(),
                             "the first so many of what is sorted or grouped, else the newest");
            arguments.option("--group-by", options->group_by,
                             "a row for all runs that are equal in it, as 'params.lr'; 'params': in all parameters",
                             Takes::terms);
            arguments.option("--of", options->of,
                             "of what number a group shows the mean, deviation, extremes and best run", Takes::terms);
            arguments.flag("--lowest", options->lowest, "the best run of a group is the lowest");
            arguments.flag("--all", options->all, "archived runs too");
            arguments.flag("--csv", options->csv, "print CSV");
            arguments.flag("--stale", options->stale, "from what is known, without looking for what changed since");
            arguments.flag("--check", options->check, "hold every file of the runs against their seals");
          },
          [options](const Common& common) { return answer(*options, common); }};
}

}  // namespace stet::tracking::cli
