// `stet ls --check`: every run's files against its seal.
#pragma once

#include <filesystem>
#include <vector>

namespace stet::tracking::cli {

/// A line a run; returns the exit status: 1 where one is altered, 2 where one can't be read.
int print_seals(const std::vector<std::filesystem::path>& runs);

}  // namespace stet::tracking::cli
