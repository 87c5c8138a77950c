// stet archive.
#include <fmt/format.h>

#include <memory>

#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/reading/runs.h"

namespace stet::tracking::cli {

Verb archive() {
  struct Options {
    std::string run;
    bool undo = false;
  };
  const auto options = std::make_shared<Options>();
  return {"archive",
          "Mark a run as one that lists leave out; all of it stays where it is",
          {{{"stet archive mnist", "leave a run out of lists"}, {"stet archive mnist --undo", "list it again"}}},
          [options](Arguments& arguments) {
            arguments.word("RUN", options->run, "which run", Takes::run);
            arguments.flag("--undo", options->undo, "list it again");
          },
          [options](const Common& common) {
            const auto run = Runs(common.runs).folder_of(options->run);
            const bool archived = !options->undo;
            if (read_labels(run).archived != archived) archive_run(run, archived);
            const std::string id = run.filename().string();
            if (common.json) put_json({{"id", id}, {"archived", archived}});
            else put_line(fmt::format("run {}: {}", id, archived ? "archived" : "not archived"));
            return 0;
          }};
}

}  // namespace stet::tracking::cli
