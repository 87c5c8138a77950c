// stet diff.
#include <fmt/format.h>

#include <memory>

#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/reading/differences.h"

namespace stet::tracking::cli {
namespace {

using Part = std::pair<const char*, const Differences&>;

void print_json(const RunView& a, const RunView& b, const RunDifferences& found, const std::vector<Part>& parts) {
  Json json{{"first", a.id}, {"second", b.id}};
  for (const auto& [title, differences] : parts) {
    json[title] = Json::object();
    for (const auto& [name, values] : differences) json[title][name] = {values.first, values.second};
  }
  json["same"] = found.same();
  json["same_bits"] = found.same_bits;
  put_json(json);
}

void print_text(const RunView& a, const RunDifferences& found, const std::vector<Part>& parts) {
  const auto shown = [](const std::string& value) { return value.empty() ? "-" : value; };
  for (const auto& [title, differences] : parts) {
    for (const auto& [name, values] : differences)
      put_line(fmt::format("{}.{}: {} | {}", title, name, shown(values.first), shown(values.second)));
  }
  if (found.same()) put_line("no difference");
  else if (found.same_bits) put_line(fmt::format("the same bits after {} steps: digest {}", a.steps, a.digest()));
}

bool say_altered(const RunView& run) {
  if (run.seal.state != SealState::altered) return false;
  put_error(fmt::format("run {}: {}", run.id, run.seal.line()));
  return true;
}

int compare(const Common& common, const std::string& first, const std::string& second) {
  const Runs runs(common.runs);
  const RunView a = runs.open(first), b = runs.open(second);
  const RunDifferences found = tracking::diff(a, b);
  const std::vector<Part> parts{{"params", found.parameters},
                                {"data", found.data},
                                {"environment", found.environment},
                                {"metrics", found.metrics}};
  if (common.json) print_json(a, b, found, parts);
  else print_text(a, found, parts);
  const bool altered_a = say_altered(a), altered_b = say_altered(b);
  return found.same() && !altered_a && !altered_b ? 0 : 1;
}

}  // namespace

Verb diff() {
  const auto names = std::make_shared<std::pair<std::string, std::string>>();
  return {"diff",
          "Show in what two runs differ: parameters, data, environment, metrics",
          {{{"stet diff mnist latest", "why the newest run came out otherwise than mnist"},
            {"stet diff mnist latest --json", "the same for a program"}}},
          [names](Arguments& arguments) {
            arguments.word("RUN", names->first, "the first", Takes::run);
            arguments.word("OTHER", names->second, "the second", Takes::run);
          },
          [names](const Common& common) { return compare(common, names->first, names->second); }};
}

}  // namespace stet::tracking::cli
