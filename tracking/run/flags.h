// Flags as text: scanning a command line, and finding the name that was meant.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stet::tracking {

/// `--name value`, `--name=value`, or `--name` alone.
struct Flag {
  std::string name;
  std::optional<std::string> value;
};

/// A command line without its first word. Throws UsageError on what is no flag, and on a flag that is given twice.
std::vector<Flag> scan_flags(int argc, const char* const* argv);

/// The name that differs from `given` in the fewest letters; empty when none is near.
std::string nearest(std::string_view given, const std::vector<std::string>& names);

/// The entries of a configuration file, as text: a JSON object, or lines `name = value` with # for comments. Throws
/// DataError that names file and line.
std::vector<Flag> read_config(const std::string& path);

}  // namespace stet::tracking
