// Values as texts: those of the query language in tables and CSV, sizes, counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "stet/tracking/query/value.h"

namespace stet::tracking::cli {

/// For people: six digits, local time, durations as 1h 5m; "-" where there is nothing.
std::string short_text(const query::Value& value);
/// For programs: numbers that read back to the same bits, times in UTC as ISO 8601, durations in seconds; empty where
/// there is nothing.
std::string exact_text(const query::Value& value);

/// Bytes for people, as 3.2 MB.
std::string size_text(int64_t bytes);

}  // namespace stet::tracking::cli
