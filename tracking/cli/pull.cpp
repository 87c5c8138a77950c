// stet pull.
#include <memory>

#include "stet/tracking/cli/copying.h"

namespace stet::tracking::cli {
namespace {

int run(const CopyOptions& options, const Common& common) {
  const Place place = place_of("pull", options.place);
  if (!place.is_remote()) require_apart("pull", common.runs, place.folder);
  const auto from = open_place(file_system(), place, /*make=*/false);
  const ChosenRuns runs =
      place.is_remote() ? runs_there(*from, options.runs) : runs_here(*from, place.folder.string(), options.runs);
  make_directories(file_system(), common.runs);
  const auto to = local_store(file_system(), common.runs);
  return copy_runs(*from, *to, runs, options, common);
}

}  // namespace

Verb pull() {
  const auto options = std::make_shared<CopyOptions>();
  return {
      "pull",
      "Copy runs from another folder of runs, also of another machine: what is new here",
      {{{"stet pull runs --runs copies", "copy all runs from another folder"},
        {"stet pull anna@gpu7:work/runs 20261128-143000", "copy a run from another machine by its id's beginning"}}},
      [options](Arguments& arguments) {
        arguments.word("SRC", options->place, "a folder, or user@host:folder, reached by ssh", Takes::folder);
        arguments.words("RUN", options->runs,
                        "runs, or a condition; on another machine ids or their beginnings; none: all", Takes::runs);
        arguments.flag("--dry-run,-n", options->dry_run, "only say what would be copied");
      },
      [options](const Common& common) { return run(*options, common); }};
}

}  // namespace stet::tracking::cli
