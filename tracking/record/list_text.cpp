#include "stet/tracking/record/list_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

namespace stet::tracking {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  return first == text.npos ? "" : text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// The bytes of the string in quotes that the text begins with; 0 where it doesn't end.
size_t quoted_bytes(std::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') ++i;
    else if (text[i] == '"') return i + 1;
  }
  return 0;
}

std::optional<std::string> unquoted(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_string() ? std::optional(json.get<std::string>()) : std::nullopt;
}

// Takes an element from the front of the text, up to its comma; none where there is none.
std::optional<std::string> take_element(std::string_view& text) {
  text = trimmed(text);
  const size_t bytes = text.starts_with('"') ? quoted_bytes(text) : std::min(text.find(','), text.size());
  const std::string_view written = trimmed(text.substr(0, bytes));
  text = trimmed(text.substr(bytes));
  if (written.empty()) return std::nullopt;
  if (written.front() == '"') return unquoted(written);
  if (written.find_first_of("\"[]") != written.npos) return std::nullopt;
  return std::string(written);
}

}  // namespace

std::optional<std::vector<std::string>> parse_list(std::string_view text) {
  std::vector<std::string> elements;
  text = trimmed(text);
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') text = trimmed(text.substr(1, text.size() - 2));
  if (text.empty()) return elements;
  while (true) {
    auto element = take_element(text);
    if (!element) return std::nullopt;
    elements.push_back(std::move(*element));
    if (text.empty()) return elements;
    if (text.front() != ',') return std::nullopt;
    text.remove_prefix(1);
  }
}

std::string quoted_element(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += {'\\', c};
    else if (static_cast<unsigned char>(c) < 0x20) quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else quoted += c;
  }
  return quoted + '"';
}

std::string list_text(const std::vector<std::string>& elements) {
  return fmt::format("[{}]", fmt::join(elements, ", "));
}

}  // namespace stet::tracking
