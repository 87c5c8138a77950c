// stet gc.
#include <fmt/format.h>

#include <memory>

#include "stet/tensor/error.h"
#include "stet/tracking/cli/chosen_runs.h"
#include "stet/tracking/cli/confirm.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/runs_folder.h"
#include "stet/tracking/cli/value_text.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/keeping/garbage.h"
#include "stet/tracking/query/parser.h"
#include "stet/tracking/reading/runs.h"

namespace stet::tracking::cli {
namespace {

struct Options {
  std::vector<std::string> runs;
  std::string trash = "30d";
  int keep_last = 0;
  bool drop_best = false, dry_run = false, yes = false;
};

// A duration as the query language writes it.
double seconds_of(const char* option, const std::string& text) {
  try {
    const std::vector<query::Term> terms = query::parse_terms(text);
    const auto* duration = terms.size() == 1 ? terms[0].value.value.get_if<query::Duration>() : nullptr;
    if (duration && duration->seconds >= 0) return duration->seconds;
  } catch (const query::QueryError&) {  // whose column would be of no query that anybody wrote
  }
  raise("{} {}: it is no duration, as 12h or 30d", option, text);
}

// Behind an id, where the run's record can be read.
std::string name_behind(const Path& run) {
  try {
    return ", " + read_labels(run).name;
  } catch (const Error&) { return ""; }
}

GarbageRules rules_of(const Options& options, const Common& common) {
  require_runs_folder(common);
  GarbageRules rules{.trash_age = seconds_of("gc: --trash", options.trash), .checkpoints = {}, .of = {}};
  if (options.keep_last == 0) {
    if (!options.runs.empty() || options.drop_best)
      raise("gc: say by --keep-last N how many checkpoints of a run stay");
    return rules;
  }
  rules.checkpoints = CheckpointRule{options.keep_last, !options.drop_best};
  rules.of = options.runs.empty() ? Runs(common.runs).folders()
                                  : selected_runs(options.runs, common, {.with_archived = false, .by_text = false});
  std::erase_if(rules.of, [](const Path& run) { return std::filesystem::is_symlink(run); });
  return rules;
}

Json named_files(const std::vector<NamedFile>& files) {
  Json json = Json::array();
  for (const NamedFile& file : files) json.push_back({{"name", file.name}, {"bytes", file.bytes}});
  return json;
}

Json json_of(const Garbage& found) {
  Json trash = Json::array(), checkpoints = Json::array();
  for (const auto& [run, bytes, links] : found.trash)
    trash.push_back({{"folder", run.folder.string()}, {"removed", run.removed}, {"bytes", bytes}, {"links", links}});
  for (const Superseded& s : found.checkpoints)
    checkpoints.push_back({{"id", s.id}, {"files", named_files(s.files)}, {"kept", s.kept}});
  return {{"bytes", found.bytes()},
          {"trash", trash},
          {"programs", named_files(found.programs)},
          {"leftovers", named_files(found.leftovers)},
          {"checkpoints", checkpoints},
          {"remarks", found.remarks}};
}

void say(const Garbage& found) {
  for (const auto& [run, bytes, links] : found.trash) {
    put_line(fmt::format("trash: {}{}, removed {}  {}", run.name, name_behind(run.folder), local_time(run.removed),
                         size_text(bytes)));
    for (const std::string& link : links)
      put_line(fmt::format("  {} is no file: it goes, and not what it leads to", link));
  }
  for (const NamedFile& file : found.programs)
    put_line(fmt::format("program of no run: {}  {}", file.name, size_text(file.bytes)));
  for (const NamedFile& file : found.leftovers)
    put_line(fmt::format("cut short: {}  {}", file.name, size_text(file.bytes)));
  for (const Superseded& s : found.checkpoints) {
    put_line(fmt::format("run {}{}: {} of {} checkpoints  {}", s.id, name_behind(s.run), s.files.size(),
                         s.files.size() + static_cast<size_t>(s.kept), size_text(bytes_of(s.files))));
  }
  for (const std::string& remark : found.remarks) put_line(remark);
  put_line(found.empty() ? "there is nothing to free" : fmt::format("{} to free, for good", size_text(found.bytes())));
}

int run(const Options& options, const Common& common) {
  const Garbage found = find_garbage(common.runs, rules_of(options, common));
  if (!common.json) say(found);
  const bool goes = !options.dry_run && !found.empty() && confirmed("gc", "Delete all of it?", options.yes);
  const Collected collected = goes ? collect(file_system(), common.runs, found) : Collected{};
  if (common.json) {
    Json json = json_of(found);
    json["freed"] = collected.bytes;
    json["problems"] = collected.problems;
    put_json(json);
  } else if (goes) {
    put_line(fmt::format("freed {}", size_text(collected.bytes)));
  }
  return put_problems(collected.problems);
}

}  // namespace

Verb gc() {
  const auto options = std::make_shared<Options>();
  return {"gc",
          "Delete what nothing needs: old trash, programs of no run and, by a rule, older checkpoints",
          {{{"stet gc --dry-run", "say what could be freed"},
            {"stet gc --keep-last 1 --yes", "also delete checkpoints but each run's newest and best, without asking"}}},
          [options](Arguments& arguments) {
            arguments.words("RUN", options->runs,
                            "whose checkpoints the rule is about: runs, or a condition; none: of all runs",
                            Takes::runs);
            arguments.option("--trash", options->trash, "delete runs that were removed so long ago, as 12h or 30d");
            arguments.option("--keep-last", options->keep_last, 1, 1'000'000,
                             "delete checkpoints but so many of a run's newest, and its best");
            arguments.flag("--drop-best", options->drop_best, "the best too, where it is not among the newest");
            arguments.flag("--dry-run,-n", options->dry_run, "only say what would go");
            arguments.flag("--yes,-y", options->yes, "don't ask");
          },
          [options](const Common& common) { return run(*options, common); }};
}

}  // namespace stet::tracking::cli
