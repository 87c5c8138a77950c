// Lists as text: what flags give, and what a record holds of a parameter that is a list.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stet::tracking {

/// The elements of `1, 2` or `[1, 2]`, as texts without the blanks around them. One that is empty, has blanks at its
/// ends, or holds a comma, a double quote or a square bracket stands in double quotes, as a string of JSON. A text of
/// nothing but blanks and `[]` are the empty list. None for anything else.
std::optional<std::vector<std::string>> parse_list(std::string_view text);

/// Elements in double quotes, as a string of JSON.
std::string quoted_element(std::string_view text);

/// `[1, 2]`, of elements that are quoted where they have to be.
std::string list_text(const std::vector<std::string>& elements);

}  // namespace stet::tracking
