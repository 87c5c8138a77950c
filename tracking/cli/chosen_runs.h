// Runs that words of a command line name.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "stet/tracking/cli/verb.h"

namespace stet::tracking::cli {

struct RunChoice {
  bool with_archived = false;  ///< a condition may hold for archived runs too, without asking for them
  bool by_text = true;         ///< a text that is looked for in names, tags and notes is a condition
};

/// The folders of the runs that the words name: each of them one run, or all together a condition. Of no words none.
/// Throws UsageError where a condition is wrong, and where there are no such runs.
std::vector<std::filesystem::path> selected_runs(const std::vector<std::string>& words, const Common& common,
                                                 const RunChoice& choice = {});

}  // namespace stet::tracking::cli
