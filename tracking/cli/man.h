// Manual pages from the same texts that --help prints.
#pragma once

#include <filesystem>
#include <vector>

#include "stet/tracking/cli/verb.h"

namespace stet::tracking::cli {

/// Writes stet.1, and stet-VERB.1 of every verb, into a folder, which is made.
void write_manual(const std::vector<Verb>& verbs, const std::filesystem::path& folder);

}  // namespace stet::tracking::cli
