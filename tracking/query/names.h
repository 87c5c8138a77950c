// The words of the query language.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "stet/tracking/query/expression.h"

namespace stet::tracking::query {

std::optional<size_t> field_named(std::string_view word);  ///< its place in kFields
std::string_view help_of_field(size_t field);              ///< what kFields[field] says of the run
std::optional<Member> member_named(std::string_view word);
std::optional<Comparator> comparator_named(std::string_view symbol);
bool is_function(std::string_view word);       ///< at, first, ever, … of a series
bool is_operator_word(std::string_view word);  ///< and, or, not, in, has

/// What is asked of a series.
struct PartOfSeries {
  std::string_view name, help;   ///< as 'min', and with its parenthesis as 'at('
  std::optional<Member> member;  ///< none: a function
};
std::span<const PartOfSeries> parts_of_series();

inline constexpr std::string_view kPartsOfSeries =
    "there are last, first, min, max, mean, count, step, argmin, argmax, nan, inf, at(), first(), ever(), always(), "
    "tail(), smooth() and slope()";

/// A text as a query writes it, in quotes.
std::string quoted(std::string_view text, char quote = '"');

/// How a query names a parameter: params.lr, or, where the language takes no such name behind a dot, params["a-b"].
std::string param_expression(std::string_view name);
/// How it names a series: metrics["loss", fold = "1"].
std::string metric_expression(const SeriesName& series);
/// A context's key: as it is where it is a word, else in quotes.
std::string key_expression(std::string_view key);

/// The operator that a word of other languages stands for, as `==` for `is` and `and` for `AND`; empty: none.
std::string_view meant_by(std::string_view word);

/// Throws QueryError that says what may have been meant by a word that is no field.
[[noreturn]] void raise_unknown(std::string_view query, size_t at, const std::string& word);

/// Does it search names, tags and notes, as a text without operators and quotes does? `text` is without blanks at its
/// ends.
bool is_search(std::string_view text);

}  // namespace stet::tracking::query
