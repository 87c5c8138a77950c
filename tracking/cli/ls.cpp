// stet ls.
#include <fmt/format.h>

#include <memory>

#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/reading/runs.h"

namespace stet::tracking::cli {
namespace {

constexpr char kRow[] = "{:<24} {:<20} {:<12} {:>8}  {}";

// Calls `print` for each run folder, and says of those that can't be read why.
// Returns the exit status.
template <class F> int for_each(const std::vector<std::filesystem::path>& runs, const F& print) {
  int status = 0;
  for (const auto& folder : runs) {
    try {
      print(folder);
    } catch (const std::exception& e) {
      put_error(message_of(e));
      status = 2;
    }
  }
  return status;
}

int print_json(const Runs& runs) {
  Json array = Json::array();
  const int status =
      for_each(runs.folders(), [&](const auto& folder) { array.push_back(short_json(read_run(folder))); });
  put_json(array);
  return status;
}

// Says which are altered; the exit status.
int check(const std::vector<std::filesystem::path>& folders) {
  int altered = 0;
  const int unreadable = for_each(folders, [&](const auto& folder) {
    const SealCheck seal = check_seal(Folder(folder), SealDepth::everything);
    put_line(fmt::format("{:<24} {}", folder.filename().string(), seal.line()));
    altered |= seal.state == SealState::altered;
  });
  return unreadable != 0 ? unreadable : altered;
}

int print_table(const Runs& runs) {
  const auto folders = runs.folders();
  if (folders.empty()) {
    put_line("no runs in " + runs.folder().string());
    return 0;
  }
  put_line(fmt::format(kRow, "ID", "NAME", "STATUS", "STEPS", "MADE"));
  return for_each(folders, [](const auto& folder) {
    const RunSummary run = read_summary(folder);
    put_line(fmt::format(kRow, run.id, run.name, name_of(run.status), run.steps, local_time(run.created)));
  });
}

}  // namespace

Verb ls() {
  const auto checks = std::make_shared<bool>(false);
  return {"ls", "List the runs",
          [checks](Arguments& arguments) {
            arguments.flag("--check", *checks, "hold every file of every run against its seal");
          },
          [checks](const Common& common) {
            const Runs runs(common.runs);
            if (*checks) return check(runs.folders());
            return common.json ? print_json(runs) : print_table(runs);
          }};
}

}  // namespace stet::tracking::cli
