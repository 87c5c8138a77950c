#include "stet/tracking/cli/difference_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "stet/tracking/cli/table.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking::cli {
namespace {

constexpr size_t kGap = 2, kNoTerminal = 200, kWidestName = 40;

std::string shown(const std::string& text) { return text.empty() ? "-" : printable(text); }

// Of those of which none is wider than `most`, the width.
size_t widest(const std::vector<DifferenceRow>& rows, std::string DifferenceRow::*part, size_t most) {
  size_t width = 0;
  for (const DifferenceRow& row : rows) {
    if (const size_t one = display_width(row.*part); one <= most) width = std::max(width, one);
  }
  return width;
}

}  // namespace

std::vector<std::string> difference_lines(std::vector<DifferenceRow> rows, size_t width) {
  for (DifferenceRow& row : rows) row = {printable(row.name), shown(row.first), shown(row.second)};
  if (width == 0) width = kNoTerminal;
  const size_t names = widest(rows, &DifferenceRow::name, std::min(kWidestName, width / 2));
  const size_t used = names + 2 * kGap, room = width > used ? (width - used) / 2 : 0;
  const size_t first = widest(rows, &DifferenceRow::first, room);
  std::vector<std::string> lines;
  for (const DifferenceRow& row : rows) {
    const bool fits =
        display_width(row.name) <= names && display_width(row.first) <= room && display_width(row.second) <= room;
    if (fits) {
      lines.push_back(filled_up(row.name, names + kGap) + filled_up(row.first, first + kGap) + row.second);
      continue;
    }
    lines.insert(lines.end(), {row.name, "  " + row.first, "  " + row.second});
  }
  return lines;
}

std::pair<std::string, std::string> told_apart(double first, double second) {
  std::pair<std::string, std::string> texts;
  for (const int digits : {6, 9, 17}) {
    texts = {fmt::format("{:.{}g}", first, digits), fmt::format("{:.{}g}", second, digits)};
    if (texts.first != texts.second) break;
  }
  return texts;
}

}  // namespace stet::tracking::cli
