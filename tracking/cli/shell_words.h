// A command line as a shell has it: taken apart up to the cursor, and words put back into it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stet::tracking::cli {

/// A line of bash up to the cursor.
struct ShellLine {
  std::vector<std::string> words;  ///< without their quotes; the last is the one at the cursor, which may be empty
  size_t kept = 0;                 ///< so many of the last word's bytes stand before what readline replaces
  char quote = 0;                  ///< that is open at the cursor; 0: none
};

/// `breaks`: bash's COMP_WORDBREAKS, at which readline takes words apart, whatever the shell makes of them.
ShellLine parse_line(std::string_view line, std::string_view breaks);

/// What belongs to the word at the cursor behind it, without its quotes; `quote`: that is open there.
std::string rest_of_word(std::string_view behind, char quote);

/// Does bash read it as a word as it is?
bool is_plain(std::string_view word);
/// A word that bash reads as this one. `quote`: one that is open before it, else a new one. Of a word that goes on, not
/// `finished`, a new one stays open.
std::string for_bash(std::string_view word, char quote, bool finished);

}  // namespace stet::tracking::cli
