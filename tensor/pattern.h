// Patterns of names, as groups of parameters and lists of weights are given.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace stet {

/// True if the whole name matches the pattern, in which * stands for any characters, '/' too, and ? for one.
bool matches(std::string_view pattern, std::string_view name);

/// True if one of the patterns matches.
bool matches_any(std::span<const std::string> patterns, std::string_view name);

}  // namespace stet
