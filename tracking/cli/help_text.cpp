#include "stet/tracking/cli/help_text.h"

#include <algorithm>
#include <string_view>

#include "stet/tracking/cli/table.h"

namespace stet::tracking::cli {
namespace {

constexpr size_t kNoTerminal = 100, kNarrowest = 20;  // places for what explains an option

// Where the explanation of a line begins, behind two blanks or more; else where the line does.
size_t indent_of(const std::string& line) {
  const size_t begin = std::min(line.find_first_not_of(' '), line.size());
  if (begin == 0 || begin > 2) return begin;
  const size_t gap = line.find("  ", begin);
  return gap == line.npos ? begin : std::min(line.find_first_not_of(' ', gap), line.size());
}

void wrap(std::string& out, const std::string& line, size_t width) {
  size_t indent = indent_of(line);
  if (indent + kNarrowest > width) indent = 4;
  std::string now;
  for (size_t at = 0; at < line.size();) {
    const size_t word = std::min(line.find_first_not_of(' ', at), line.size());
    const size_t end = std::min(line.find(' ', word), line.size());
    const std::string next = line.substr(at, end - at);  // with the blanks before it
    if (now.size() > indent && display_width(now) + display_width(next) > width) {
      out += now + "\n";
      now = std::string(indent, ' ') + line.substr(word, end - word);
    } else {
      now += next;
    }
    at = end;
  }
  out += now + "\n";
}

}  // namespace

std::string wrapped_help(const std::string& text, size_t width) {
  if (width == 0) width = kNoTerminal;
  std::string out;
  bool examples = false;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    examples = examples || line == "Examples:";
    if (examples || display_width(line) <= width) out += line + "\n";
    else wrap(out, line, width);
    at = end + 1;
  }
  return out;
}

}  // namespace stet::tracking::cli
