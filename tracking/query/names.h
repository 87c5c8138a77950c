// The words of the query language.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stet/tracking/query/expression.h"

namespace stet::tracking::query {

std::optional<size_t> field_named(std::string_view word);  ///< its place in kFields
std::optional<Member> member_named(std::string_view word);
std::optional<Comparator> comparator_named(std::string_view symbol);
bool is_function(std::string_view word);       ///< at, first, ever, … of a series
std::vector<std::string> parts_of_series();    ///< those and the members, as 'min' and 'at('
bool is_operator_word(std::string_view word);  ///< and, or, not, in, has

inline constexpr std::string_view kPartsOfSeries =
    "there are last, first, min, max, mean, count, step, argmin, argmax, nan, inf, at(), first(), ever(), always(), "
    "tail(), smooth() and slope()";

/// A text as a query writes it, in quotes.
std::string quoted(std::string_view text, char quote = '"');

/// Throws QueryError that says what may have been meant by a word that is no field.
[[noreturn]] void raise_unknown(std::string_view query, size_t at, const std::string& word);

/// Does it search names, tags and notes, as a text without operators and quotes does? `text` is without blanks at its
/// ends.
bool is_search(std::string_view text);

}  // namespace stet::tracking::query
