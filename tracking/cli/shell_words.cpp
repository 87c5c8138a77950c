#include "stet/tracking/cli/shell_words.h"

#include <algorithm>
#include <cctype>

namespace stet::tracking::cli {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }
bool is_any_of(char c, std::string_view all) { return all.find(c) != all.npos; }

}  // namespace

bool is_plain(std::string_view word) {
  return !word.starts_with('~') && std::all_of(word.begin(), word.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || std::isalnum(byte) || is_any_of(c, "_-+=./:,@%^");
  });
}

ShellLine parse_line(std::string_view line, std::string_view breaks) {
  ShellLine out;
  std::string word;
  bool in_word = false;
  size_t kept = 0, before_quote = 0;  // of the word's bytes: up to a break, and up to the quote that is open
  for (size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (c == '\\' && out.quote != '\'') {
      in_word = true;
      if (++at == line.size()) break;
      if (out.quote == '"' && !is_any_of(line[at], "\"\\$`\n")) word += '\\';
      if (line[at] != '\n') word += line[at];
    } else if (out.quote) {
      if (c == out.quote) out.quote = 0;
      else word += c;
    } else if (c == '\'' || c == '"') {
      in_word = true;
      out.quote = c;
      before_quote = word.size();
    } else if (!is_blank(c)) {
      in_word = true;
      word += c;
      if (is_any_of(c, breaks)) kept = word.size();
    } else if (in_word) {
      out.words.push_back(word);
      word.clear();
      in_word = false;
      kept = 0;
    }
  }
  out.words.push_back(word);
  out.kept = out.quote ? before_quote : kept;
  return out;
}

std::string rest_of_word(std::string_view behind, char quote) {
  // With the quote before it, this is a line whose first word it is.
  const std::string line = (quote ? std::string(1, quote) : std::string("''")) + std::string(behind);
  return parse_line(line, "").words.front();
}

std::string for_bash(std::string_view word, char quote, bool finished) {
  std::string out(quote ? 0 : 1, '\'');
  for (const char c : word) {
    if (quote == '"' && is_any_of(c, "\"\\$`")) out.push_back('\\');
    if (quote != '"' && c == '\'') out.append("'\\'");
    out.push_back(c);
  }
  if (!quote && finished) out.push_back('\'');
  return out;
}

}  // namespace stet::tracking::cli
