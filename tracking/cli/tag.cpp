// stet tag.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "stet/tensor/error.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/reading/runs.h"

namespace stet::tracking::cli {
namespace {

struct Options {
  std::string run;
  std::vector<std::string> words;
};

int change(const Common& common, const Options& options) {
  std::vector<std::string> add, remove;
  for (const std::string& word : options.words) {
    if (word.starts_with("--")) raise("tag: there is no flag {}; tags are added by NAME, taken away by -NAME", word);
    const bool sign = word.starts_with("+") || word.starts_with("-");
    (word.starts_with("-") ? remove : add).push_back(sign ? word.substr(1) : word);
  }
  const auto run = Runs(common.runs).folder_of(options.run);
  tag_run(run, add, remove);
  const RunLabels labels = read_labels(run);
  if (common.json) put_json({{"id", run.filename().string()}, {"tags", labels.tags}});
  else
    put_line(fmt::format("run {}: {}", run.filename().string(),
                         labels.tags.empty() ? "no tags" : fmt::format("{}", fmt::join(labels.tags, ", "))));
  return 0;
}

}  // namespace

Verb tag() {
  const auto options = std::make_shared<Options>();
  return {"tag",
          "Add tags to a run, as in `stet tag latest good`, or take them away: `stet tag latest -draft +good`",
          {{{"stet tag latest good", "add a tag"}, {"stet tag latest -draft +good", "take one away and add another"}}},
          [options](Arguments& arguments) {
            arguments.word("RUN", options->run, "which run", Takes::run);
            arguments.rest(options->words, Takes::tag);
          },
          [options](const Common& common) { return change(common, *options); }};
}

}  // namespace stet::tracking::cli
