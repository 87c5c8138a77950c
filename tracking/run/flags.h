// Flags as text: scanning a command line, and reading a configuration file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stet/tracking/record/nearest.h"

namespace stet::tracking {

/// `--name value`, `--name=value`, or `--name` alone.
struct Flag {
  std::string name;
  std::optional<std::string> value;
};

/// A command line without its first word. Throws UsageError on what is no flag, and on a flag that is given twice.
std::vector<Flag> scan_flags(int argc, const char* const* argv);

/// The entries of a configuration file, as text: a JSON object, or lines `name = value` with # for comments. Throws
/// DataError that names file and line.
std::vector<Flag> read_config(const std::string& path);

}  // namespace stet::tracking
