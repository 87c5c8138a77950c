// Flags as text: scanning a command line, reading values strictly, and finding the name that was meant.
#pragma once

#include <cstdint>
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

// Each reads a whole text, without blanks, and gives none for anything else: no nan or infinity, no 1e3 for an integer.
std::optional<int64_t> parse_int64(std::string_view text);
std::optional<uint64_t> parse_uint64(std::string_view text);
std::optional<float> parse_float(std::string_view text);
std::optional<double> parse_double(std::string_view text);
/// true, false, yes, no, on, off, 1 or 0.
std::optional<bool> parse_bool(std::string_view text);

/// Is it whole characters of UTF-8, as the record's text must be?
bool is_utf8(std::string_view text);

/// The name that differs from `given` in the fewest letters; empty when none is near.
std::string nearest(std::string_view given, const std::vector<std::string>& names);

/// The entries of a configuration file, as text: a JSON object, or lines `name = value` with # for comments. Throws
/// DataError that names file and line.
std::vector<Flag> read_config(const std::string& path);

}  // namespace stet::tracking
