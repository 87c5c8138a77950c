// Runs that words of a command line name.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "stet/tracking/cli/verb.h"

namespace stet::tracking::cli {

/// The folders of the runs that the words name: each of them one run, or all together a condition. Of no words none.
/// `with_archived`: a condition may hold for archived runs too, without asking for them. Throws UsageError where a
/// condition is wrong, and where there are no such runs.
std::vector<std::filesystem::path> selected_runs(const std::vector<std::string>& words, const Common& common,
                                                 bool with_archived = false);

}  // namespace stet::tracking::cli
