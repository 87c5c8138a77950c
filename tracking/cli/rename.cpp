// stet rename.
#include <fmt/format.h>

#include <memory>

#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/reading/runs.h"

namespace stet::tracking::cli {

Verb rename() {
  const auto words = std::make_shared<std::pair<std::string, std::string>>();
  return {"rename",
          "Give a run another name; its id and its folder stay",
          {{{"stet rename latest baseline", "call the newest run baseline"},
            {"stet rename mnist 'mnist, wide'", "a name may have blanks and commas"}}},
          [words](Arguments& arguments) {
            arguments.word("RUN", words->first, "which run", Takes::run);
            arguments.word("NAME", words->second, "its name from now on");
          },
          [words](const Common& common) {
            const auto run = Runs(common.runs).folder_of(words->first);
            rename_run(run, words->second);
            const std::string id = run.filename().string(), name = read_labels(run).name;
            if (common.json) put_json({{"id", id}, {"name", name}});
            else put_line(fmt::format("run {}: {}", id, name));
            return 0;
          }};
}

}  // namespace stet::tracking::cli
