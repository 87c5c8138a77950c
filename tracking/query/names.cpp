#include "stet/tracking/query/names.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "stet/tracking/query/lexer.h"
#include "stet/tracking/record/nearest.h"

namespace stet::tracking::query {
namespace {

constexpr std::pair<std::string_view, Comparator> kComparators[] = {
    {"==", Comparator::equal},      {"!=", Comparator::unequal}, {"<", Comparator::less},
    {"<=", Comparator::less_equal}, {">", Comparator::greater},  {">=", Comparator::greater_equal}};
constexpr PartOfSeries kParts[] = {{"last", "value", Member::last},
                                   {"first", "value", Member::first},
                                   {"min", "least value", Member::min},
                                   {"max", "greatest value", Member::max},
                                   {"mean", "of all values", Member::mean},
                                   {"count", "of values", Member::count},
                                   {"step", "of the last value", Member::step},
                                   {"argmin", "step of the least value", Member::argmin},
                                   {"argmax", "step of the greatest value", Member::argmax},
                                   {"nan", "how many are NaN", Member::nan},
                                   {"inf", "how many are infinite", Member::inf},
                                   {"at(", "the value at a step", {}},
                                   {"first(", "the first step at which a condition holds", {}},
                                   {"ever(", "does a condition hold at some point", {}},
                                   {"always(", "does a condition hold at all points", {}},
                                   {"tail(", "the last n points", {}},
                                   {"smooth(", "the moving average of a weight", {}},
                                   {"slope(", "a step, over the last n points", {}}};
struct FieldHelp {
  const char *name, *help;
};
constexpr FieldHelp kFieldHelp[] = {
    {"id", "of the run; ids sort by the time at which runs were made"},
    {"name", "as it is called now"},
    {"program", "that made it"},
    {"group", "of runs that belong together"},
    {"status", "running, finished, failed, interrupted or dead"},
    {"made", "when it was begun"},
    {"ended", "when its last launch ended"},
    {"duration", "of its launches together"},
    {"steps", "that it went"},
    {"seed", "of its random numbers"},
    {"numerics", "version of the numerics contract"},
    {"digest", "of its final state"},
    {"tags", "a list"},
    {"note", "its notes, as one text"},
    {"archived", "left out of lists"},
    {"parent", "the run that it was forked from"},
    {"forked_at", "the step at which it was"},
    {"sweep", "that it is a trial of"},
    {"trial", "its number in the sweep"},
    {"verified", "as the newest verification came out"},
    {"size", "bytes of its folder"},
    {"host", "that it ran on last"},
    {"cpu", "that it ran on last"},
    {"isa", "the instruction set of its kernels"},
    {"device", "cpu or cuda"},
    {"gpu", "that it ran on last"},
    {"threads", "of its last launch"},
    {"launches", "how often its program was started for it"},
    {"git.commit", "of its source"},
    {"git.branch", "of its source"},
    {"git.dirty", "had its source changes that were not committed"},
    {"git.remote", "of its source"},
};
static_assert(std::equal(std::begin(kFieldHelp), std::end(kFieldHelp), std::begin(kFields), std::end(kFields),
                         [](const FieldHelp& help, const Field& field) {
                           return std::string_view(help.name) == field.name;
                         }));

constexpr std::string_view kOperatorWords[] = {"and", "or", "not", "in", "has"};

template <class Words> bool is_one_of(const Words& words, std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
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

std::string_view help_of_field(size_t field) { return kFieldHelp[field].help; }

std::optional<Member> member_named(std::string_view word) {
  for (const PartOfSeries& part : kParts) {
    if (part.member && part.name == word) return part.member;
  }
  return {};
}
std::optional<Comparator> comparator_named(std::string_view symbol) {
  for (const auto& [spelling, comparator] : kComparators) {
    if (spelling == symbol) return comparator;
  }
  return {};
}
bool is_function(std::string_view word) {
  return std::any_of(std::begin(kParts), std::end(kParts), [&](const PartOfSeries& part) {
    return !part.member && part.name.substr(0, part.name.size() - 1) == word;
  });
}
std::span<const PartOfSeries> parts_of_series() { return kParts; }
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

std::string param_expression(std::string_view name) {
  const bool is_plain = !name.empty() && Lexer(name).next_name().spelling == name;
  return is_plain ? fmt::format("params.{}", name) : fmt::format("params[{}]", quoted(name));
}

std::string metric_expression(const SeriesName& series) {
  std::string text = "metrics[" + query::quoted(series.name);
  for (const auto& [key, value] : series.context)
    text += fmt::format(", {} = {}", key_expression(key), query::quoted(value));
  return text + "]";
}

std::string key_expression(std::string_view key) {
  const bool is_word = !key.empty() && is_letter(key[0]) && Lexer(key).next().spelling == key;
  return is_word ? std::string(key) : quoted(key);
}

std::string_view meant_by(std::string_view word) {
  static constexpr std::pair<std::string_view, std::string_view> kMeant[] = {
      {"is", "=="},   {"equals", "=="}, {"like", "=~"}, {"matches", "=~"}, {"contains", "has"},
      {"and", "and"}, {"or", "or"},     {"not", "not"}, {"in", "in"},      {"has", "has"}};
  std::string lower(word);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const auto& [name, meant] : kMeant) {
    if (name == lower && meant != word) return meant;
  }
  return {};
}

void raise_unknown(std::string_view query, size_t at, const std::string& word) {
  const auto fail = [&](const std::string& why) {
    throw QueryError(query, at, fmt::format("'{}' is no field; {}", word, why));
  };
  const std::string_view whole = whole_name(query, at);
  if (!whole.starts_with(word) && whole.starts_with("params."))
    fail(fmt::format("a parameter with '-' in its name is written params[\"{}\"]", whole.substr(7)));
  if (word.starts_with("git.")) fail("there are git.commit, git.branch, git.dirty and git.remote");
  if (const std::string_view meant = meant_by(word); !meant.empty()) fail(fmt::format("did you mean {}?", meant));
  std::vector<std::string> names{"params", "metrics", "data", "true", "false", "none", "now", "today"};
  for (const Field& field : kFields) names.push_back(field.name);
  std::erase_if(names, [&](const std::string& name) { return name[0] != word[0]; });  // who mistypes begins right
  const std::string near = nearest(word, names);
  if (!near.empty()) fail(fmt::format("did you mean {}?", near));
  throw QueryError(query, at,
                   fmt::format("'{}' is no field; a parameter is params.{}, a metric metrics[\"{}\"], a text stands in "
                               "quotes",
                               word, word, word));
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
