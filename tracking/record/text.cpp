#include "stet/tracking/record/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "stet/tensor/error.h"

namespace stet::tracking {
namespace {

struct Range {
  char32_t first, last;
};

// What a terminal obeys, or shows as nothing: controls, the soft hyphen, marks of direction, joiners and separators
// that take no place, tags. The joiners that scripts and emoji need, U+200C and U+200D, are letters here.
constexpr std::array<Range, 12> kUnseen{{{0x00, 0x1F},
                                         {0x7F, 0x9F},
                                         {0xAD, 0xAD},
                                         {0x61C, 0x61C},
                                         {0x180E, 0x180E},
                                         {0x200B, 0x200B},
                                         {0x200E, 0x200F},
                                         {0x2028, 0x202E},
                                         {0x2060, 0x206F},
                                         {0xFEFF, 0xFEFF},
                                         {0xFFF9, 0xFFFB},
                                         {0xE0000, 0xE007F}}};

bool is_unseen(char32_t code) {
  return std::any_of(kUnseen.begin(), kUnseen.end(), [&](Range r) { return r.first <= code && code <= r.last; });
}

std::string escaped(char32_t code) {
  switch (code) {
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    default: break;
  }
  return code < 0x80 ? fmt::format("\\x{:02x}", static_cast<uint32_t>(code))
                     : fmt::format("\\u{{{:x}}}", static_cast<uint32_t>(code));
}

// JSON has escapes of 16 bits: beyond them, two.
std::string escaped_in_json(char32_t code) {
  const auto unit = [](char32_t c) { return fmt::format("\\u{:04x}", static_cast<uint32_t>(c)); };
  if (code < 0x10000) return unit(code);
  return unit(0xD800 + ((code - 0x10000) >> 10)) + unit(0xDC00 + ((code - 0x10000) & 0x3FF));
}

}  // namespace

Character first_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t bytes = first >= 0xC2 && first < 0xE0   ? 2
                       : first >= 0xE0 && first < 0xF0 ? 3
                       : first >= 0xF0 && first < 0xF5 ? 4
                                                       : 0;
  if (bytes == 0 || text.size() < bytes) return {};
  char32_t code = first & (0xFFu >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};  // longer forms than needed are none
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  return code < least[bytes] || surrogate || code > 0x10FFFF ? Character{} : Character{code, bytes};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Character c = first_character(text);
    if (c.bytes == 0) return false;
    text.remove_prefix(c.bytes);
  }
  return true;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character c = first_character(text);
    if (c.bytes == 0) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    else if (is_unseen(c.code)) out += escaped(c.code);
    else out += text.substr(0, c.bytes);
    text.remove_prefix(std::max<size_t>(c.bytes, 1));
  }
  return out;
}

std::string to_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t bytes = first_character(text).bytes;
    if (bytes == 0) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    else out += text.substr(0, bytes);
    text.remove_prefix(std::max<size_t>(bytes, 1));
  }
  return out;
}

void require_utf8(std::string_view call, std::string_view what, std::string_view text) {
  if (!is_utf8(text)) raise("{}: {} '{}' is not UTF-8; write it in UTF-8", call, what, printable(text));
}

std::string in_one_line(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return printable(line);
}

std::string printable_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const auto plain = static_cast<size_t>(
        std::find_if(json.begin(), json.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x7F; }) -
        json.begin());
    out += json.substr(0, plain);
    json.remove_prefix(plain);
    if (json.empty()) break;
    const Character c = first_character(json);
    if (c.code >= 0x7F && is_unseen(c.code)) out += escaped_in_json(c.code);
    else out += json.substr(0, std::max<size_t>(c.bytes, 1));
    json.remove_prefix(std::max<size_t>(c.bytes, 1));
  }
  return out;
}

std::string counted(int64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string hex_of(std::string_view bytes) {
  std::string text;
  for (const unsigned char c : bytes) text += fmt::format("{:02x}", c);
  return text;
}

}  // namespace stet::tracking
