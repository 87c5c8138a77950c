// stet note.
#include <fmt/format.h>

#include <memory>

#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/reading/runs.h"

namespace stet::tracking::cli {

Verb note() {
  const auto words = std::make_shared<std::pair<std::string, std::string>>();
  return {"note",
          "Add a note to a run, also to one that runs or has ended",
          {{{"stet note latest 'the learning rate was too high'", "a note on the newest run"},
            {"stet note mnist 'kept for the paper' --json", "and print how many notes it has"}}},
          [words](Arguments& arguments) {
            arguments.word("RUN", words->first, "which run", Takes::run);
            arguments.word("TEXT", words->second, "the note");
          },
          [words](const Common& common) {
            const auto run = Runs(common.runs).folder_of(words->first);
            note_run(run, words->second);
            const size_t count = read_labels(run).notes.size();
            const std::string id = run.filename().string();
            if (common.json) put_json({{"id", id}, {"notes", count}});
            else put_line(fmt::format("run {}: {} note{}", id, count, count == 1 ? "" : "s"));
            return 0;
          }};
}

}  // namespace stet::tracking::cli
