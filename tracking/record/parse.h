// Reading values strictly from text: what flags give and what a record holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "stet/tracking/record/text.h"

namespace stet::tracking {

// Each reads a whole text, without blanks, and gives none for anything else: no nan or infinity, no 1e3 for an integer.
std::optional<int64_t> parse_int64(std::string_view text);
std::optional<uint64_t> parse_uint64(std::string_view text);
std::optional<float> parse_float(std::string_view text);
std::optional<double> parse_double(std::string_view text);
/// true, false, yes, no, on, off, 1 or 0.
std::optional<bool> parse_bool(std::string_view text);

}  // namespace stet::tracking
