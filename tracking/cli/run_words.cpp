#include "stet/tracking/cli/run_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "stet/tensor/error.h"
#include "stet/tracking/query/lexer.h"
#include "stet/tracking/reading/runs.h"

namespace stet::tracking::cli {
namespace {

// Has it nothing that only conditions have?
bool is_plain(const std::string& word) {
  return word.find_first_of("=<>\"'()[]*,~") == word.npos && word != "and" && word != "or" && word != "not";
}

bool is_run(const Runs& runs, const std::string& word) {
  try {
    runs.folder_of(word);
    return true;
  } catch (const UsageError&) { return false; }
}

}  // namespace

void require_all_or_none(const std::vector<std::string>& words, const Common& common) {
  if (words.size() < 2 || !std::all_of(words.begin(), words.end(), is_plain)) return;
  const Runs runs(common.runs);
  std::optional<UsageError> first;
  size_t missing = 0;
  for (const std::string& word : words) {
    try {
      runs.folder_of(word);
    } catch (const UsageError& e) {
      ++missing;
      if (!first) first = e;
    }
  }
  if (first && missing < words.size()) throw UsageError(*first);
}

query::Expression condition_of(const std::vector<std::string>& words, const Common& common) {
  try {
    return query::parse(fmt::format("{}", fmt::join(words, " ")));
  } catch (const query::QueryError&) {
    const Runs runs(common.runs);
    for (const std::string& word : words) {
      if (words.size() > 1 && is_run(runs, word))
        raise("{}: is a run, and stands beside a condition; give names of runs alone, or a condition alone", word);
    }
    throw;
  }
}

void raise_no_runs(const char* verb, const std::vector<std::string>& words, const Common& common) {
  if (words.size() == 1 && is_plain(words[0])) Runs(common.runs).folder_of(words[0]);  // throws
  raise("{}: there are no such runs; `stet ls` lists them", verb);
}

}  // namespace stet::tracking::cli
