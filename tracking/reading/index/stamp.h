// A run's files and their times: whether anything of it has changed since it was read.
#pragma once

#include <string>
#include <string_view>

namespace stet::tracking {

/// What a stamp says of a run's folder now.
enum class Freshness {
  same,
  grown,    ///< its log may be read on from where reading stopped
  changed,  ///< all of it is to be read
};

/// Takes the stamp of a run's folder, by its name below the open folder of runs. Empty where there is nothing.
std::string stamp_of(int runs, const std::string& folder);

/// Holds the folder against a stamp.
Freshness compare(int runs, const std::string& folder, std::string_view stamp);

/// How many bytes its log has.
int64_t log_bytes(std::string_view stamp);

/// Are all times of a stamp longer ago than a file may change without them?
bool is_settled(std::string_view stamp);

}  // namespace stet::tracking
