#include "stet/tracking/query/names.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "stet/tracking/query/lexer.h"
#include "stet/tracking/record/nearest.h"

namespace stet::tracking::query {
namespace {

constexpr std::pair<std::string_view, Member> kMembers[] = {
    {"last", Member::last},     {"first", Member::first}, {"min", Member::min},   {"max", Member::max},
    {"mean", Member::mean},     {"count", Member::count}, {"step", Member::step}, {"argmin", Member::argmin},
    {"argmax", Member::argmax}, {"nan", Member::nan},     {"inf", Member::inf}};
constexpr std::pair<std::string_view, Comparator> kComparators[] = {
    {"==", Comparator::equal},      {"!=", Comparator::unequal}, {"<", Comparator::less},
    {"<=", Comparator::less_equal}, {">", Comparator::greater},  {">=", Comparator::greater_equal}};
constexpr std::string_view kFunctions[] = {"at", "first", "ever", "always", "tail", "smooth", "slope"};
constexpr std::string_view kOperatorWords[] = {"and", "or", "not", "in", "has"};

template <class Words> bool is_one_of(const Words& words, std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

template <class Table> auto find(const Table& table, std::string_view word) {
  const auto* found =
      std::find_if(std::begin(table), std::end(table), [&](const auto& row) { return row.first == word; });
  return found == std::end(table) ? std::nullopt : std::optional(found->second);
}

bool is_boolean_field(std::string_view word) {
  const auto field = field_named(word);
  return word.starts_with("params.") || (field && kFields[*field].type == Type::boolean);
}

// The whole of a name with dots and minus signs, of which a part stands at `at`.
std::string_view whole_name(std::string_view query, size_t at) {
  const auto in_name = [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.'; };
  size_t begin = at, end = at;
  while (begin > 0 && in_name(query[begin - 1])) --begin;
  while (end < query.size() && in_name(query[end])) ++end;
  return query.substr(begin, end - begin);
}

}  // namespace

std::optional<size_t> field_named(std::string_view word) {
  for (size_t i = 0; i < kFieldCount; ++i) {
    if (word == kFields[i].name) return i;
  }
  return {};
}

std::optional<Member> member_named(std::string_view word) { return find(kMembers, word); }
std::optional<Comparator> comparator_named(std::string_view symbol) { return find(kComparators, symbol); }
bool is_function(std::string_view word) { return is_one_of(kFunctions, word); }
std::vector<std::string> parts_of_series() {
  std::vector<std::string> parts;
  for (const auto& [word, member] : kMembers) parts.emplace_back(word);
  for (const std::string_view word : kFunctions) parts.push_back(std::string(word) + "(");
  return parts;
}
bool is_operator_word(std::string_view word) { return is_one_of(kOperatorWords, word); }

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == '\\' || c == quote) out += '\\';
    if (c == '\n') out += "\\n";
    else if (c == '\t') out += "\\t";
    else out += c;
  }
  return out + quote;
}

void raise_unknown(std::string_view query, size_t at, const std::string& word) {
  const auto fail = [&](const std::string& why) {
    throw QueryError(query, at, fmt::format("'{}' is no field; {}", word, why));
  };
  const std::string_view whole = whole_name(query, at);
  if (!whole.starts_with(word) && whole.starts_with("params."))
    fail(fmt::format("a parameter with '-' in its name is written params[\"{}\"]", whole.substr(7)));
  if (word.starts_with("git.")) fail("there are git.commit, git.branch, git.dirty and git.remote");
  std::vector<std::string> names{"params", "metrics", "data", "true", "false", "none", "now", "today"};
  for (const Field& field : kFields) names.push_back(field.name);
  const std::string near = nearest(word, names);
  if (!near.empty()) fail(fmt::format("did you mean {}?", near));
  throw QueryError(query, at,
                   fmt::format("'{}' is no field; a parameter is params.{}, a text stands in quotes", word, word));
}

bool is_search(std::string_view text) {
  if (text.find_first_of("=<>!~()[]\"'+*/,&|") != text.npos || is_boolean_field(text)) return false;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (is_operator_word(text.substr(0, end))) return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

}  // namespace stet::tracking::query
