#include "stet/tracking/query/types.h"

#include <algorithm>

#include "stet/tracking/query/lexer.h"

namespace stet::tracking::query {
namespace {

using Op = Expression::Op;

void require_value(std::string_view query, const Expression& e) {
  if (e.type == Type::series)
    throw QueryError(query, e.at, "a series has no value of its own; take one of its values, as .last or .min");
}

bool is_equality(Comparator how) { return how == Comparator::equal || how == Comparator::unequal; }

std::string_view hint_for(const Expression& a, const Expression& b) {
  const auto are = [&](Type x, Type y) { return (a.type == x && b.type == y) || (a.type == y && b.type == x); };
  if (are(Type::date, Type::text)) return "; a date stands without quotes, as 2026-11-28";
  if (are(Type::duration, Type::number)) return "; a duration has a unit, as 90s";
  if (are(Type::number, Type::text)) return "; a number stands without quotes";
  if (are(Type::list, Type::text)) return "; write has or in";
  return "";
}

bool may_be(const Expression& e, Type type) { return e.type == type || e.type == Type::unknown; }

// Of the elements of a list that is written out; nothing where they are not alike.
Type type_of_elements(const Expression& list) {
  if (list.op == Op::field || list.op == Op::names) return Type::text;
  if (list.op != Op::list || list.operands.empty()) return Type::unknown;
  const Type type = list.operands[0].type;
  const bool alike =
      std::all_of(list.operands.begin(), list.operands.end(), [&](const auto& e) { return e.type == type; });
  return alike ? type : Type::unknown;
}

void check_list(std::string_view query, size_t at, const Expression& list, const Expression& element) {
  require_value(query, element);
  const Type type = type_of_elements(list);
  if (type == Type::unknown || may_be(element, type)) return;
  throw QueryError(query, at,
                   fmt::format("{} is never in a list of {}s", name_of(element.type), name_of(type).substr(2)));
}

}  // namespace

std::string_view name_of(Type type) {
  switch (type) {
    case Type::unknown: return "a value";
    case Type::none: return "none";
    case Type::boolean: return "a boolean";
    case Type::number: return "a number";
    case Type::text: return "a text";
    case Type::date: return "a date";
    case Type::duration: return "a duration";
    case Type::list: return "a list";
    case Type::series: return "a series";
  }
  return "?";
}

Type type_of(const Value& value) {
  static constexpr Type kTypes[] = {Type::none, Type::boolean,  Type::number, Type::text,
                                    Type::date, Type::duration, Type::list};
  return kTypes[static_cast<size_t>(value.kind())];
}

void check_comparison(std::string_view query, size_t at, const Expression& left, Comparator how,
                      const Expression& right) {
  if (left.type == Type::none || right.type == Type::none) {
    if (!is_equality(how)) throw QueryError(query, at, "none is only equal or unequal; write == or !=");
    return;
  }
  require_value(query, left);
  require_value(query, right);
  if (left.type == Type::unknown || right.type == Type::unknown) return;
  if (left.type != right.type)
    throw QueryError(
        query, at,
        fmt::format("{} and {} can't be compared{}", name_of(left.type), name_of(right.type), hint_for(left, right)));
  if (!is_equality(how) && (left.type == Type::boolean || left.type == Type::list))
    throw QueryError(query, at, fmt::format("{} has no order; write == or !=", name_of(left.type)));
}

void check_membership(std::string_view query, size_t at, const Expression& element, const Expression& list) {
  if (!may_be(list, Type::list))
    throw QueryError(query, list.at, fmt::format("a list was expected, and this is {}", name_of(list.type)));
  if (element.type == Type::none) throw QueryError(query, element.at, "none is in no list; write == none");
  check_list(query, at, list, element);
}

void check_has(std::string_view query, size_t at, const Expression& list, const Expression& element) {
  require_value(query, list);
  if (element.type == Type::none) throw QueryError(query, element.at, "none is in no list; write == none");
  if (list.type == Type::text && !may_be(element, Type::text))
    throw QueryError(query, at, fmt::format("a text has no {}", name_of(element.type).substr(2)));
  if (!may_be(list, Type::list) && list.type != Type::text)
    throw QueryError(query, list.at, fmt::format("a list or a text was expected, and this is {}", name_of(list.type)));
  if (list.type == Type::list) check_list(query, at, list, element);
}

void check_match(std::string_view query, const Expression& text) {
  require_value(query, text);
  if (!may_be(text, Type::text) && !may_be(text, Type::list))
    throw QueryError(query, text.at, fmt::format("a text was expected, and this is {}", name_of(text.type)));
}

void check_element(std::string_view query, const Expression& element) {
  require_value(query, element);
  if (element.type == Type::none) throw QueryError(query, element.at, "none is in no list; write == none");
  if (element.type == Type::list) throw QueryError(query, element.at, "a list holds no lists");
}

Type type_of_arithmetic(std::string_view query, size_t at, Op op, const Expression& left, const Expression& right) {
  require_value(query, left);
  require_value(query, right);
  const Type a = left.type, b = right.type;
  const auto are = [&](Type x, Type y) { return a == x && b == y; };
  const bool sums = op == Op::add || op == Op::subtract;
  if (are(Type::number, Type::number)) return Type::number;
  if (sums && are(Type::date, Type::duration)) return Type::date;
  if (sums && are(Type::duration, Type::duration)) return Type::duration;
  if (op == Op::add && are(Type::duration, Type::date)) return Type::date;
  if (op == Op::subtract && are(Type::date, Type::date)) return Type::duration;
  if (!sums && are(Type::duration, Type::number)) return Type::duration;
  if (op == Op::multiply && are(Type::number, Type::duration)) return Type::duration;
  if (op == Op::divide && are(Type::duration, Type::duration)) return Type::number;
  const auto counts = [](Type t) {
    return t == Type::number || t == Type::duration || t == Type::date || t == Type::unknown;
  };
  if (counts(a) && counts(b) && (a == Type::unknown || b == Type::unknown)) return Type::unknown;
  static constexpr std::string_view kWords[] = {"added to", "subtracted from", "multiplied by", "divided by"};
  const size_t word = static_cast<size_t>(op) - static_cast<size_t>(Op::add);
  const bool turned = sums;  // b is added to a
  throw QueryError(query, at,
                   fmt::format("{} can't be {} {}", name_of(turned ? b : a), kWords[word], name_of(turned ? a : b)));
}

}  // namespace stet::tracking::query
