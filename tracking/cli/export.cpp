// stet export.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "stet/tensor/error.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/runs_folder.h"
#include "stet/tracking/cli/value_text.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/reading/run_index.h"
#include "stet/tracking/record/text.h"
#include "stet/tracking/ui/export.h"

namespace stet::tracking::cli {
namespace {

struct Options {
  std::vector<std::string> words;  // the query, and the folder
  std::string to;
};

int answer(const Options& options, const Common& common) {
  if (options.to != "html") throw UsageError("export: say in which form: --to html");
  if (options.words.empty()) throw UsageError("export: name the folder to make");
  require_runs_folder(common);
  const std::vector<std::string> query(options.words.begin(), options.words.end() - 1);
  const std::string& folder = options.words.back();
  const ui::Exported done = ui::export_html(common.runs, fmt::format("{}", fmt::join(query, " ")), folder);
  if (common.json) put_json({{"folder", folder}, {"runs", done.runs}, {"bytes", done.bytes}});
  else put_line(fmt::format("{}/index.html: {}, {}", folder, counted(done.runs, "run"), size_text(done.bytes)));
  return put_problems(RunIndex(common.runs, RunIndex::Freshness::kept).problems());
}

}  // namespace

Verb export_runs() {
  const auto options = std::make_shared<Options>();
  return {"export",
          "Write runs for others to look at: as a page that opens from a disk or any web server",
          {{{"stet export --to html page", "all runs, into the folder page"},
            {"stet export 'status == \"finished\"' --to html page", "those for which a condition holds"}}},
          [options](Arguments& arguments) {
            arguments.words("FOLDER", options->words, "the folder to make; before it a condition, as stet ls takes it",
                            Takes::query);
            arguments.option("--to", options->to, "the form: html", Takes{"html"});
          },
          [options](const Common& common) { return answer(*options, common); }};
}

}  // namespace stet::tracking::cli
