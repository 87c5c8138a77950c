// `stet ls --check`: every run's files against its seal.
#pragma once

#include <filesystem>
#include <vector>

namespace stet::tracking::cli {

/// A line a run; returns the exit status: 1 where one is altered, 2 where one can't be read.
int print_seals(const std::vector<std::filesystem::path>& runs);

/// Says which folders hold a log and no record, as where run.json was deleted or is a link now: they are no runs to
/// anybody else. Returns the exit status.
int say_lost_records(const std::filesystem::path& runs);

}  // namespace stet::tracking::cli
