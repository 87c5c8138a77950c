#include "stet/tracking/cli/copying.h"

#include <fmt/format.h>

#include <algorithm>

#include "stet/tensor/error.h"
#include "stet/tracking/cli/chosen_runs.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/value_text.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking::cli {
namespace {

std::string summary(const Exchanged& done) {
  std::string text = counted(done.copied.size(), "run") + " copied";
  if (!done.updated.empty()) text += fmt::format(", {} brought up to date", done.updated.size());
  if (done.same > 0) text += fmt::format(", {} there already", done.same);
  if (done.notes > 0) text += ", " + counted(done.notes, "note") + " added";
  return text + fmt::format("; {}, {}", counted(done.programs, "kept program"), size_text(done.bytes));
}

std::string name_there(const ChosenRuns& all, const std::string& word) {
  std::vector<std::string> found;
  for (const std::string& name : all.names) {
    if (name == word) return name;
    if (!word.empty() && name.starts_with(word)) found.push_back(name);
  }
  if (found.size() == 1) return found.front();
  if (const auto lost = all.unreadable.find(word); lost != all.unreadable.end()) throw DataError(lost->second);
  if (found.empty())
    raise("there is no run '{}' there; on another machine a run is named by its id, or the id's beginning", word);
  raise("run '{}': fits {} runs there; give more of the id", word, found.size());
}

}  // namespace

int copy_runs(Store& from, Store& to, const ChosenRuns& runs, const CopyOptions& options, const Common& common) {
  ExchangeOptions how{.dry_run = options.dry_run, .say = {}};
  if (!common.json) how.say = [](const std::string& line) { put_line(line); };
  Exchanged done = exchange(from, to, runs.names, how);
  done.remarks.insert(done.remarks.begin(), runs.remarks.begin(), runs.remarks.end());
  for (const auto& [name, why] : runs.unreadable) done.problems.push_back(why);
  if (common.json)
    put_json({{"copied", done.copied},
              {"updated", done.updated},
              {"same", done.same},
              {"notes", done.notes},
              {"programs", done.programs},
              {"bytes", done.bytes},
              {"remarks", done.remarks},
              {"problems", done.problems}});
  else {
    for (const std::string& remark : done.remarks) put_line(remark);
    put_line((options.dry_run ? "to do: " : "") + summary(done));
  }
  return put_problems(done.problems);
}

ChosenRuns runs_here(Store& store, const std::string& runs, const std::vector<std::string>& words) {
  if (words.empty()) return runs_in(store);
  Common there;
  there.runs = runs;
  ChosenRuns chosen;
  const auto top = std::filesystem::canonical(runs);
  for (const auto& folder : selected_runs(words, there, {.with_archived = true, .by_text = false})) {
    if (std::filesystem::is_symlink(folder)) chosen.remarks.push_back(folder.string() + ": is a link, and left alone");
    else if (std::filesystem::canonical(folder.parent_path()) != top)
      raise("{}: does not lie in {}; name its folder by --runs", folder.string(), runs);
    else chosen.names.push_back(folder.filename().string());
  }
  return chosen;
}

ChosenRuns runs_there(Store& store, const std::vector<std::string>& words) {
  ChosenRuns all = runs_in(store);
  if (words.empty()) return all;
  std::vector<std::string> names;
  for (const std::string& word : words) {
    std::string name = name_there(all, word);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  return {.names = std::move(names), .remarks = std::move(all.remarks), .unreadable = {}};
}

}  // namespace stet::tracking::cli
