// stet index.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/runs_folder.h"
#include "stet/tracking/cli/value_text.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/reading/run_index.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking::cli {
namespace {

struct Options {
  bool path = false, rebuild = false;
};

std::string place_of(const std::filesystem::path& file) {
  return file.empty() ? "in memory, as there is no cache folder for it" : file.string();
}

int run(const Options& options, const Common& common) {
  require_runs_folder(common);
  const auto file = RunIndex::path_of(common.runs);
  if (options.path) {
    put_line(place_of(file));
    return file.empty() ? 1 : 0;
  }
  if (options.rebuild) RunIndex::discard(common.runs);
  RunIndex index(common.runs);
  std::error_code missing;
  const auto bytes = file.empty() ? 0 : std::filesystem::file_size(file, missing);
  const size_t runs = index.size();
  const int status = put_problems(index.problems());
  if (common.json) put_json({{"path", file.string()}, {"runs", runs}, {"bytes", missing ? 0 : bytes}});
  else put_line(fmt::format("{}: {}", counted(runs, "run"), place_of(file)));
  return status;
}

}  // namespace

Verb index() {
  const auto options = std::make_shared<Options>();
  return {"index",
          "Bring the index of the runs up to date, from which ls answers",
          {{{"stet index --path", "the file that holds the index"},
            {"stet index --rebuild", "make it anew from the records"}}},
          [options](Arguments& arguments) {
            arguments.flag("--path", options->path, "only print where it lies; it may be deleted at any time");
            arguments.flag("--rebuild", options->rebuild, "make it anew");
          },
          [options](const Common& common) { return run(*options, common); }};
}

}  // namespace stet::tracking::cli
