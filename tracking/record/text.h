// Text that came from elsewhere, a record or a file: its characters, and how it is shown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace stet::tracking {

/// A character of UTF-8.
struct Character {
  char32_t code = 0;
  size_t bytes = 0;  ///< that it takes; 0: no character begins there
};

/// The first character of a text that is not empty.
Character first_character(std::string_view text);

/// Is it whole characters of UTF-8, as the record's text must be?
bool is_utf8(std::string_view text);

/// The text in one line of visible characters: control characters, line ends, marks that turn the direction of writing
/// or take no place, and bytes that are no UTF-8 stand as escapes, as in \n, \x1b and \u{202e}.
std::string printable(std::string_view text);

/// The text with every byte that is no UTF-8 as an escape, as in \xe9: what comes from outside, as paths, hosts' names
/// and exceptions' messages do, may hold any bytes, and a record holds UTF-8.
std::string to_utf8(std::string_view text);

/// Throws UsageError "<call>: <what> 'caf\xe9' is not UTF-8" unless it is: what a program names.
void require_utf8(std::string_view call, std::string_view what, std::string_view text);

/// A message as printable text, its line ends and tabs as blanks.
std::string in_one_line(std::string_view text);

/// JSON with the same characters as JSON's escapes, so that its values stay what they are. Line ends outside of strings
/// stay.
std::string printable_json(std::string_view json);

/// As "1 run" and "2 runs".
std::string counted(int64_t count, std::string_view what);

/// Bytes as hexadecimal digits, two each.
std::string hex_of(std::string_view bytes);

}  // namespace stet::tracking
