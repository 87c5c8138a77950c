#include "stet/tracking/cli/table.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/value_text.h"
#include "stet/tracking/record/parse.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking::cli {
namespace {

constexpr size_t kGap = 2;        // blanks between columns
constexpr size_t kNarrowest = 8;  // to which a column of texts may be shortened
constexpr size_t kWidest = 200;   // to which one is filled up: a single long text widens no other row beyond it

// Places that a character takes: two for those of East Asian scripts and pictures, none for marks that combine.
size_t width_of(char32_t c) {
  const bool combines = (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || (c >= 0xfe00 && c <= 0xfe0f);
  if (combines) return 0;
  const bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
                    (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
                    (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
  return wide ? 2 : 1;
}

// As much of it as takes `width` places, with an ellipsis where something is missing.
std::string shortened(const std::string& text, size_t width) {
  if (display_width(text) <= width) return text;
  std::string out;
  size_t used = 1;  // of the ellipsis
  for (std::string_view rest = text; !rest.empty();) {
    const Character c = first_character(rest);
    const size_t bytes = std::max<size_t>(c.bytes, 1);
    used += width_of(c.code);
    if (used > width) break;
    out += rest.substr(0, bytes);
    rest.remove_prefix(bytes);
  }
  return out + "…";
}

// What is printed of a column.
struct Printed {
  std::string header;
  bool to_the_right = true;  // all that it has is numbers
  bool shrinks = false;      // it has texts, and is not the id
  bool may_go = false, is_status = false;
  size_t width = 0;
  std::vector<std::string> cells;
};

Printed printed(const Table& table, size_t column) {
  Printed out;
  out.header = printable(table.columns[column].header);
  out.may_go = table.columns[column].may_go;
  out.is_status = out.header == "STATUS";
  out.width = display_width(out.header);
  for (const auto& row : table.rows) {
    const query::Value& value = row[column];
    const query::Kind kind = value.kind();
    const bool is_text = kind == query::Kind::text || kind == query::Kind::list;
    out.to_the_right = out.to_the_right && (kind == query::Kind::number || kind == query::Kind::none);
    out.shrinks = out.shrinks || (is_text && out.header != "ID");
    out.cells.push_back(printable(short_text(value)));
    out.width = std::max(out.width, display_width(out.cells.back()));
  }
  return out;
}

size_t total_width(const std::vector<Printed>& columns) {
  return std::accumulate(columns.begin(), columns.end(), columns.empty() ? 0 : (columns.size() - 1) * kGap,
                         [](size_t sum, const Printed& c) { return sum + c.width; });
}

// Shortens the widest texts, then leaves out what may go, from the right. Returns what was left out.
std::vector<std::string> fit(std::vector<Printed>& columns, size_t width, size_t wide) {
  const auto shorten = [&](size_t least) {
    while (total_width(columns) > width) {
      Printed* widest = nullptr;
      for (Printed& c : columns) {
        if (c.shrinks && c.width > std::max(least, display_width(c.header)) && (!widest || c.width > widest->width))
          widest = &c;
      }
      if (!widest) return;
      --widest->width;
    }
  };
  for (Printed& c : columns) {
    if (c.shrinks) c.width = std::min(c.width, std::max(width, display_width(c.header)));
  }
  std::vector<std::string> left_out;
  shorten(wide);
  while (total_width(columns) > width) {
    const auto last = std::find_if(columns.rbegin(), columns.rend(), [](const Printed& c) { return c.may_go; });
    if (last == columns.rend()) break;
    left_out.insert(left_out.begin(), last->header);
    columns.erase(std::next(last).base());
  }
  shorten(kNarrowest);
  return left_out;
}

std::string padded(const std::string& text, size_t width, bool to_the_right) {
  const size_t used = display_width(text);
  const std::string blanks(width > used ? width - used : 0, ' ');
  return to_the_right ? blanks + text : text + blanks;
}

std::string_view colour_of(const std::string& status) {
  if (status == "running") return "\x1b[34m";
  if (status == "finished") return "\x1b[32m";
  if (status == "failed") return "\x1b[31m";
  return "\x1b[33m";
}

void print_row(const std::vector<Printed>& columns, size_t row, bool colours) {
  std::string line;
  for (const Printed& column : columns) {
    const bool is_header = row == 0;
    const std::string& text = is_header ? column.header : column.cells[row - 1];
    const bool is_last = &column == &columns.back();
    std::string cell = shortened(text, column.width);
    if (!is_last || column.to_the_right) cell = padded(cell, std::min(column.width, kWidest), column.to_the_right);
    const bool coloured = colours && (is_header || column.is_status);
    if (coloured) cell = fmt::format("{}{}\x1b[0m", is_header ? "\x1b[1m" : colour_of(text), cell);
    line += cell;
    if (!is_last) line.append(kGap, ' ');
  }
  fmt::print("{}\n", line);  // its cells are printable, and the colours are to reach the terminal
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

}  // namespace

size_t display_width(const std::string& text) {
  size_t width = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const Character c = first_character(rest);
    width += width_of(c.code);
    rest.remove_prefix(std::max<size_t>(c.bytes, 1));
  }
  return width;
}

std::string filled_up(const std::string& text, size_t width) {
  const size_t used = display_width(text);
  return text + std::string(width > used ? width - used : 0, ' ');
}

bool takes_colours() {
  const char* refused = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) && (!refused || !*refused) && (!terminal || std::string_view(terminal) != "dumb");
}

size_t terminal_width() {
  const char* given = std::getenv("COLUMNS");
  if (const auto columns = parse_uint64(given ? given : "")) return static_cast<size_t>(*columns);
  winsize size{};
  if (!::isatty(STDOUT_FILENO) || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

std::vector<std::string> print_table(const Table& table, size_t width) {
  std::vector<Printed> columns;
  for (size_t i = 0; i < table.columns.size(); ++i) columns.push_back(printed(table, i));
  std::vector<std::string> left_out;
  if (width > 0) left_out = fit(columns, width, table.least);
  const bool colours = takes_colours();
  for (size_t row = 0; row <= table.rows.size(); ++row) print_row(columns, row, colours);
  return left_out;
}

void print_csv(const Table& table) {
  std::string line;
  const auto flush = [&] {
    fmt::print("{}\r\n", line);
    line.clear();
  };
  for (const Column& column : table.columns)
    line += (&column == &table.columns.front() ? "" : ",") + quoted(printable(column.name));
  flush();
  for (const auto& row : table.rows) {
    for (const query::Value& value : row)
      line += (&value == &row.front() ? "" : ",") + quoted(printable(exact_text(value)));
    flush();
  }
}

void print_list(const std::string& title, const std::vector<std::string>& words, size_t width) {
  std::string line = title;
  for (const std::string& word : words) {
    const bool is_last = &word == &words.back();
    const std::string next = printable(word) + (is_last ? "" : ",");
    if (width > 0 && display_width(line) + 1 + display_width(next) > width) {
      put_line(line);
      line = "  " + next;
    } else {
      line += " " + next;
    }
  }
  put_line(line);
}

}  // namespace stet::tracking::cli
