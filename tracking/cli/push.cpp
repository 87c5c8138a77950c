// stet push.
#include <memory>

#include "stet/tracking/cli/copying.h"

namespace stet::tracking::cli {
namespace {

int run(const CopyOptions& options, const Common& common) {
  const Place place = place_of("push", options.place);
  if (!place.is_remote()) require_apart("push", common.runs, place.folder);
  const auto from = local_store(file_system(), common.runs);
  const ChosenRuns runs = runs_here(*from, common.runs, options.runs);
  const auto to = open_place(file_system(), place, /*make=*/true);
  return copy_runs(*from, *to, runs, options, common);
}

}  // namespace

Verb push() {
  const auto options = std::make_shared<CopyOptions>();
  return {"push",
          "Copy runs to another folder of runs, also of another machine: what is new there",
          {{{"stet push backup", "copy all runs, with their programs; call it again to bring that up to date"},
            {"stet push backup 'params.lr > 0.05' --dry-run", "say which of some runs are new there"}}},
          [options](Arguments& arguments) {
            arguments.word("DEST", options->place, "a folder, or user@host:folder, reached by ssh", Takes::folder);
            arguments.words("RUN", options->runs, "runs, or a condition; none: all", Takes::runs);
            arguments.flag("--dry-run,-n", options->dry_run, "only say what would be copied");
          },
          [options](const Common& common) { return run(*options, common); }};
}

}  // namespace stet::tracking::cli
