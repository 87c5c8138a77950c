// Tables for terminals, and as CSV.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "stet/tracking/query/value.h"

namespace stet::tracking::cli {

struct Column {
  std::string header;
  std::string name;     ///< in CSV and JSON
  bool may_go = false;  ///< is left out where the table would be too wide
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<query::Value>> rows;
  size_t least = 24;  ///< places to which texts are shortened before columns are left out
};

/// The columns of the terminal that is standard output, or of COLUMNS in the environment; 0: no terminal, so no limit.
size_t terminal_width();

/// Is standard output a terminal that takes colours, and NO_COLOR not set?
bool takes_colours();

/// Characters as a terminal counts them: some take two places, some none.
size_t display_width(const std::string& text);

/// The text, and spaces up to that width.
std::string filled_up(const std::string& text, size_t width);

/// Prints it, numbers to the right, no line wider than `width` as far as shortening texts and leaving out columns that
/// may go can help. Returns the headers of those that were left out. Colours where standard output is a terminal and
/// NO_COLOR is not set.
std::vector<std::string> print_table(const Table& table, size_t width);

/// By RFC 4180, behind a line of headers.
void print_csv(const Table& table);

/// Words with commas between them, on as many lines as `width` asks for, each but the first indented.
void print_list(const std::string& title, const std::vector<std::string>& words, size_t width);

}  // namespace stet::tracking::cli
