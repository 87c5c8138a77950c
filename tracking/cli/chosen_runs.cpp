#include "stet/tracking/cli/chosen_runs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "stet/tensor/error.h"
#include "stet/tracking/cli/run_words.h"
#include "stet/tracking/reading/run_index.h"
#include "stet/tracking/reading/runs.h"
#include "stet/tracking/reading/selection.h"

namespace stet::tracking::cli {
namespace {

// A link among runs stands for itself, and is not followed to where the run lies.
std::filesystem::path folder_of(const Runs& runs, const std::string& word) {
  std::filesystem::path path = word;
  if (!path.has_filename()) path = path.parent_path();
  const bool is_path = word.find('/') != word.npos;
  if (is_path && std::filesystem::is_symlink(path)) return std::filesystem::absolute(path).lexically_normal();
  return runs.folder_of(word);
}

// Then it is meant as a run's, whatever else it could be taken for.
bool looks_like_an_id(const std::string& word) {
  return !word.empty() && word.find_first_not_of("0123456789abcdef-") == word.npos && word[0] >= '0' && word[0] <= '9';
}

// The name of a run that is gone by now would be looked for in all others' names, tags and notes.
void require_no_text(const query::Expression& condition, const std::vector<std::string>& words) {
  if (condition.op != query::Expression::Op::search) return;
  const std::string text = fmt::format("{}", fmt::join(words, " "));
  raise("{}: there is no such run; to choose by a text, say 'name == \"{}\"', or 'name =~ ...' for a part of it", text,
        text);
}

}  // namespace

std::vector<std::filesystem::path> selected_runs(const std::vector<std::string>& words, const Common& common,
                                                 const RunChoice& choice) {
  std::vector<std::filesystem::path> folders;
  if (words.empty()) return folders;
  const Runs runs(common.runs);
  try {
    for (const std::string& word : words) {
      std::filesystem::path folder = folder_of(runs, word);
      if (std::find(folders.begin(), folders.end(), folder) == folders.end()) folders.push_back(std::move(folder));
    }
    return folders;
  } catch (const UsageError&) {
    if (std::any_of(words.begin(), words.end(), looks_like_an_id)) throw;
    folders.clear();  // they are no runs: a condition
  }
  query::Expression condition = condition_of(words, common);
  if (!choice.by_text) require_no_text(condition, words);
  if (!choice.with_archived) condition = without_archived(std::move(condition));
  for (const IndexedRun& run : RunIndex(common.runs).matching(condition)) folders.push_back(run.folder);
  if (folders.empty()) raise("{}: there are no such runs; `stet ls` lists them", fmt::join(words, " "));
  return folders;
}

}  // namespace stet::tracking::cli
