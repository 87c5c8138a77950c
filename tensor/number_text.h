// Floating numbers from text.
#pragma once

#include <string_view>

namespace stet {

/// How reading a number came out.
enum class NumberText { number, no_number, out_of_range };

/// Reads a whole text as std::from_chars does, without regard to locale and in the contract's floating environment, and
/// rounds once. What is nearer to zero than the type's least number rounds as everything does, to it or to zero; what
/// is greater than its greatest is out of range.
NumberText parse_number(std::string_view text, float& value);
NumberText parse_number(std::string_view text, double& value);

}  // namespace stet
