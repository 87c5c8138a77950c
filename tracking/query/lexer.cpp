#include "stet/tracking/query/lexer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <optional>

#include "stet/tensor/number_text.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking::query {
namespace {

struct Unit {
  std::string_view name;
  double factor;
  bool is_size;
};
constexpr Unit kUnits[] = {
    {"ms", 1e-3, false}, {"s", 1, false},        {"m", 60, false},          {"min", 60, false},
    {"h", 3600, false},  {"d", 86400, false},    {"w", 7 * 86400, false},   {"B", 1, true},
    {"kB", 1e3, true},   {"MB", 1e6, true},      {"GB", 1e9, true},         {"TB", 1e12, true},
    {"KiB", 1024, true}, {"MiB", 1048576, true}, {"GiB", 1073741824, true}, {"TiB", 1099511627776, true}};

constexpr std::string_view kSymbols[] = {"==", "!=", "<=", ">=", "=~", "<", ">", "(", ")",
                                         "[",  "]",  ",",  ".",  "+",  "-", "*", "/", "="};

size_t characters(std::string_view text) {
  size_t count = 0;
  while (!text.empty()) {
    text.remove_prefix(std::max<size_t>(first_character(text).bytes, 1));
    ++count;
  }
  return count;
}

// The places that printable text takes: a line of it is as wide as it has characters, but for those that are wide.
std::string blanks_under(std::string_view text) { return std::string(characters(printable(text)), ' '); }

int two_digits(std::string_view text) { return (text[0] - '0') * 10 + (text[1] - '0'); }

// Digits where `form` has 0, and its other characters as they are.
bool has_form(std::string_view text, std::string_view form) {
  if (text.size() < form.size()) return false;
  for (size_t i = 0; i < form.size(); ++i) {
    if (form[i] == '0' ? !is_digit(text[i]) : text[i] != form[i]) return false;
  }
  return true;
}

bool is_name(char c) { return is_letter(c) || is_digit(c); }

std::optional<Value> whole_number(std::string_view digits) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return {};
  return Value(value);
}

// Bytes are whole where they can be.
Value size_of(double bytes) {
  return bytes == std::floor(bytes) && bytes < 0x1p63 ? Value(static_cast<int64_t>(bytes)) : Value(bytes);
}

}  // namespace

bool is_unit(std::string_view word) {
  return std::any_of(std::begin(kUnits), std::end(kUnits), [&](const Unit& unit) { return unit.name == word; });
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

QueryError::QueryError(std::string_view query, size_t at, const std::string& why)
    : UsageError(in_one_line(fmt::format("query, column {}: {}", characters(query.substr(0, at)) + 1, why))),
      query_(query),
      why_(why),
      at_(at),
      column_(characters(query.substr(0, at)) + 1) {}

std::string QueryError::pointed() const {
  return printable(query_) + "\n" + blanks_under(std::string_view(query_).substr(0, at_)) + "^";
}

void Lexer::skip_blanks() {
  while (at_ < query_.size() && (query_[at_] == ' ' || (query_[at_] >= '\t' && query_[at_] <= '\r'))) ++at_;
}

Token Lexer::take(Token::Kind kind, size_t length) {
  Token token{
      .kind = kind, .at = at_, .end = at_ + length, .spelling = query_.substr(at_, length), .value = {}, .text = {}};
  at_ += length;
  return token;
}

Token Lexer::next() {
  skip_blanks();
  if (at_ == query_.size()) return take(Token::Kind::end, 0);
  const char c = query_[at_];
  if (is_digit(c)) {
    const size_t length = date_length();
    return length > 0 ? date(length) : number();
  }
  if (is_letter(c)) {
    size_t length = 1;
    while (at_ + length < query_.size() && is_name(query_[at_ + length])) ++length;
    return take(Token::Kind::word, length);
  }
  if (c == '"' || c == '\'') return text();
  for (const std::string_view symbol : kSymbols) {
    if (query_.substr(at_).starts_with(symbol)) return take(Token::Kind::symbol, symbol.size());
  }
  if (c == '!') fail(at_, "'!' is no operator; write `not` or `!=`");
  if (c == '&' || c == '|') fail(at_, fmt::format("'{}' is no operator; write `{}`", c, c == '&' ? "and" : "or"));
  const size_t bytes = std::max<size_t>(first_character(query_.substr(at_)).bytes, 1);
  fail(at_, fmt::format("'{}' has no meaning here; a text stands in quotes", printable(query_.substr(at_, bytes))));
}

Token Lexer::next_pattern() {
  skip_blanks();
  if (at_ == query_.size() || query_[at_] != '/') return next();
  std::string text;
  size_t end = at_ + 1;
  for (; end < query_.size() && query_[end] != '/'; ++end) {
    const bool escapes = query_[end] == '\\' && end + 1 < query_.size();
    if (escapes && query_[end + 1] != '/') text += query_[end];
    if (escapes) ++end;
    text += query_[end];
  }
  if (end == query_.size()) fail(at_, "the regular expression has no end; another '/' was expected");
  ++end;
  while (end < query_.size() && is_name(query_[end])) ++end;
  Token token = take(Token::Kind::regular, end - at_);
  token.text = std::move(text);
  return token;
}

Token Lexer::next_name() {
  size_t length = 0;
  const auto at = [&](size_t i) { return at_ + i < query_.size() ? query_[at_ + i] : ' '; };
  while (is_name(at(length)) || (length > 0 && at(length) == '.' && is_name(at(length + 1)))) ++length;
  return take(Token::Kind::word, length);
}

Token Lexer::number() {
  const std::string_view rest = query_.substr(at_);
  size_t length = 0;
  const auto digits = [&] {
    while (length < rest.size() && is_digit(rest[length])) ++length;
  };
  digits();
  bool whole = true;
  if (length + 1 < rest.size() && rest[length] == '.' && is_digit(rest[length + 1])) {
    whole = false;
    ++length;
    digits();
  }
  size_t exponent = length + 1;
  if (exponent < rest.size() && (rest[exponent] == '+' || rest[exponent] == '-')) ++exponent;
  if (length < rest.size() && (rest[length] == 'e' || rest[length] == 'E') && exponent < rest.size() &&
      is_digit(rest[exponent])) {
    whole = false;
    length = exponent;
    digits();
  }
  double value = 0;
  if (parse_number(rest.substr(0, length), value) != NumberText::number)
    fail(at_, "the number is too large for 64 bits");
  size_t end = length;
  while (end < rest.size() && is_name(rest[end])) ++end;
  const std::string_view unit = rest.substr(length, end - length);
  Token token;
  if (unit.empty()) {
    const auto exact = whole ? whole_number(rest.substr(0, length)) : Value(value);
    if (!exact) fail(at_, "the integer is too large for 64 bits");
    token = take(Token::Kind::literal, length);
    token.value = *exact;
    return token;
  }
  const auto known = std::find_if(std::begin(kUnits), std::end(kUnits), [&](const Unit& u) { return u.name == unit; });
  if (known == std::end(kUnits))
    fail(at_ + length,
         fmt::format("'{}' is no unit; there are ms, s, min, h, d, w, B, kB, MB, GB, TB, KiB, MiB, GiB and TiB", unit));
  token = take(Token::Kind::literal, end);
  token.value = known->is_size ? size_of(value * known->factor) : Value(Duration{value * known->factor});
  return token;
}

// Of a date that begins here; 0 when none does.
size_t Lexer::date_length() const {
  const std::string_view rest = query_.substr(at_);
  if (!has_form(rest, "0000-00-00")) return 0;
  size_t length = 10;
  const std::string_view time = rest.substr(length);
  if (has_form(time, " 00:00") || has_form(time, "T00:00")) length += has_form(time.substr(6), ":00") ? 9 : 6;
  if (rest.substr(length).starts_with("Z")) ++length;
  return length < rest.size() && is_name(rest[length]) ? 0 : length;
}

Token Lexer::date(size_t length) {
  const std::string_view text = query_.substr(at_, length);
  std::tm calendar{};
  calendar.tm_year = two_digits(text) * 100 + two_digits(text.substr(2)) - 1900;
  calendar.tm_mon = two_digits(text.substr(5)) - 1;
  calendar.tm_mday = two_digits(text.substr(8));
  if (length >= 16) {
    calendar.tm_hour = two_digits(text.substr(11));
    calendar.tm_min = two_digits(text.substr(14));
  }
  if (length >= 19) calendar.tm_sec = two_digits(text.substr(17));
  if (calendar.tm_hour > 23 || calendar.tm_min > 59 || calendar.tm_sec > 59)
    fail(at_ + 11, "there is no such time of day");
  std::tm settled = calendar;  // a day that the month lacks moves into the next
  if (::timegm(&settled); settled.tm_mday != calendar.tm_mday || settled.tm_mon != calendar.tm_mon)
    fail(at_, "the calendar has no such day");
  calendar.tm_isdst = -1;
  Token token = take(Token::Kind::literal, length);
  const std::time_t seconds = text.ends_with('Z') ? ::timegm(&calendar) : ::mktime(&calendar);
  token.value = Value(Date{static_cast<double>(seconds)});
  return token;
}

Token Lexer::text() {
  const char quote = query_[at_];
  std::string text;
  size_t end = at_ + 1;
  for (; end < query_.size() && query_[end] != quote; ++end) {
    if (query_[end] == '\\' && end + 1 < query_.size()) {
      const char c = query_[++end];
      if (c == 'n') text += '\n';
      else if (c == 't') text += '\t';
      else if (c == '\\' || c == '"' || c == '\'') text += c;
      else fail(end - 1, "a backslash stands before \\, a quote, n or t");
    } else {
      text += query_[end];
    }
  }
  if (end == query_.size()) fail(at_, fmt::format("the text has no end; another {} was expected", quote));
  Token token = take(Token::Kind::text, end + 1 - at_);
  token.value = Value(text);
  token.text = std::move(text);
  return token;
}

}  // namespace stet::tracking::query
