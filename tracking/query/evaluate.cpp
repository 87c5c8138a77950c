#include "stet/tracking/query/evaluate.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "stet/tracking/query/pattern.h"

namespace stet::tracking::query {
namespace {

using Op = Expression::Op;

constexpr size_t index_of(std::string_view name) {
  size_t index = 0;
  while (name != kFields[index].name) ++index;
  return index;
}

bool compares(const Value& a, Comparator how, const Value& b) {
  if (!comparable(a, b)) return false;
  return fits(compare(a, b), how);
}

const SeriesName& series_in(const Expression& e) { return e.op == Op::series ? e.series : series_in(e.operands[0]); }

// A comparison with none itself, which asks whether there is something.
std::optional<bool> asks_for_none(const Expression& chain, const RunValues& run) {
  const Expression &a = chain.operands[0], &b = chain.operands[1];
  if (a.type != Type::none && b.type != Type::none) return {};
  const Expression& other = a.type == Type::none ? b : a;
  const bool is_none = other.type == Type::series ? !run.summary(series_in(other)) : evaluate(other, run).is_none();
  return is_none == (chain.comparators[0] == Comparator::equal);
}

bool chain_holds(const Expression& e, const RunValues& run) {
  if (const auto asked = asks_for_none(e, run)) return *asked;
  Value left = evaluate(e.operands[0], run);
  for (size_t i = 0; i < e.comparators.size(); ++i) {
    Value right = evaluate(e.operands[i + 1], run);
    if (!compares(left, e.comparators[i], right)) return false;
    left = std::move(right);
  }
  return true;
}

bool contains(const Value& list, const Value& element) {
  const List* values = list.get_if<List>();
  return values && std::any_of(values->begin(), values->end(), [&](const Value& v) { return equal(v, element); });
}

bool has(const Value& whole, const Value& part) {
  const auto *text = whole.get_if<std::string>(), *piece = part.get_if<std::string>();
  return text && piece ? text->find(*piece) != text->npos : contains(whole, part);
}

bool matches(const Pattern& pattern, const Value& value) {
  if (const auto* text = value.get_if<std::string>()) return pattern.matches(*text);
  const List* list = value.get_if<List>();
  return list && std::any_of(list->begin(), list->end(), [&](const Value& v) { return matches(pattern, v); });
}

char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool has_in_any_case(const Value& value, const std::string& wanted) {
  if (const List* list = value.get_if<List>())
    return std::any_of(list->begin(), list->end(), [&](const Value& v) { return has_in_any_case(v, wanted); });
  const auto* text = value.get_if<std::string>();
  if (!text) return false;
  const auto same = [](char a, char b) { return lowered(a) == lowered(b); };
  return std::search(text->begin(), text->end(), wanted.begin(), wanted.end(), same) != text->end();
}

bool found(const std::string& wanted, const RunValues& run) {
  for (const size_t field : {index_of("name"), index_of("group"), index_of("tags"), index_of("note")}) {
    if (has_in_any_case(run.field(field), wanted)) return true;
  }
  return false;
}

// A series; none where the run lacks it.
std::optional<Curve> series_of(const Expression& e, const RunValues& run) {
  if (e.op == Op::series) return run.summary(e.series) ? std::optional(run.curve(e.series)) : std::nullopt;
  const auto of = series_of(e.operands[0], run);
  if (!of) return {};
  return e.op == Op::tail ? tail(*of, e.count) : smoothed(*of, e.number);
}

Value member_of(const CurveSummary& s, Member member) {
  switch (member) {
    case Member::last: return s.count ? Value(s.last) : Value();
    case Member::first: return s.count ? Value(s.first) : Value();
    case Member::min: return s.has_numbers() ? Value(s.min) : Value();
    case Member::max: return s.has_numbers() ? Value(s.max) : Value();
    case Member::mean: return s.has_numbers() ? Value(s.mean()) : Value();
    case Member::count: return Value(s.count);
    case Member::step: return s.count ? Value(s.step) : Value();
    case Member::argmin: return s.has_numbers() ? Value(s.min_step) : Value();
    case Member::argmax: return s.has_numbers() ? Value(s.max_step) : Value();
    case Member::nan: return Value(s.nan);
    case Member::inf: return Value(s.inf);
  }
  return Value();
}

Value member(const Expression& e, const RunValues& run) {
  const Expression& of = e.operands[0];
  if (of.op == Op::series) {
    const CurveSummary* summary = run.summary(of.series);
    return summary ? member_of(*summary, e.member) : Value();
  }
  const auto curve = series_of(of, run);
  return curve ? member_of(summarize(*curve), e.member) : Value();
}

Value value_at(const Expression& e, const RunValues& run) {
  const auto curve = series_of(e.operands[0], run);
  if (!curve) return Value();
  const Value step = evaluate(e.operands[1], run);
  for (auto point = curve->rbegin(); point != curve->rend(); ++point) {
    if (equal(Value(point->step), step)) return Value(point->value);
  }
  return Value();
}

Value slope_of(const Expression& e, const RunValues& run) {
  const auto curve = series_of(e.operands[0], run);
  const auto found_slope = curve ? slope(*curve, e.count) : std::nullopt;
  return found_slope ? Value(*found_slope) : Value();
}

// first, ever and always.
Value where_it_holds(const Expression& e, const RunValues& run) {
  const auto curve = series_of(e.operands[0], run);
  if (!curve) return Value();
  const Value right = evaluate(e.operands[1], run);
  const auto holds_at = [&](const CurvePoint& point) {
    const Value value(point.value);
    return e.comparators.empty() ? contains(right, value) : compares(value, e.comparators[0], right);
  };
  if (e.op == Op::always) return Value(std::all_of(curve->begin(), curve->end(), holds_at));
  const auto point = std::find_if(curve->begin(), curve->end(), holds_at);
  if (e.op == Op::ever) return Value(point != curve->end());
  return point == curve->end() ? Value() : Value(point->step);
}

Value list_of(const Expression& e, const RunValues& run) {
  List list;
  for (const Expression& operand : e.operands) list.push_back(evaluate(operand, run));
  return Value(std::move(list));
}

bool is_true(const Expression& e, const RunValues& run) { return evaluate(e, run).is_true(); }

Value arithmetic(const Expression& e, const RunValues& run) {
  const Value a = evaluate(e.operands[0], run), b = evaluate(e.operands[1], run);
  switch (e.op) {
    case Op::add: return add(a, b);
    case Op::subtract: return subtract(a, b);
    case Op::multiply: return multiply(a, b);
    default: return divide(a, b);
  }
}

Value logical(const Expression& e, const RunValues& run) {
  const auto truth = [&](const Expression& operand) { return is_true(operand, run); };
  if (e.op == Op::all_of) return Value(std::all_of(e.operands.begin(), e.operands.end(), truth));
  if (e.op == Op::any_of) return Value(std::any_of(e.operands.begin(), e.operands.end(), truth));
  return Value(!truth(e.operands[0]));
}

}  // namespace

bool fits(std::partial_ordering order, Comparator how) {
  switch (how) {
    case Comparator::equal: return order == 0;
    case Comparator::unequal: return order != 0;
    case Comparator::less: return order < 0;
    case Comparator::less_equal: return order <= 0;
    case Comparator::greater: return order > 0;
    case Comparator::greater_equal: return order >= 0;
  }
  return false;
}

Value evaluate(const Expression& e, const RunValues& run) {
  switch (e.op) {
    case Op::literal: return e.value;
    case Op::field: return run.field(e.index);
    case Op::param: return run.param(e.name);
    case Op::data: return e.index == 0 ? run.data_digest(e.name) : run.data_samples(e.name);
    case Op::names: return Value(e.index == 0 ? run.params() : e.index == 1 ? run.metrics() : run.data());
    case Op::series:
    case Op::tail:
    case Op::smooth: return Value();
    case Op::member: return member(e, run);
    case Op::at: return value_at(e, run);
    case Op::slope: return slope_of(e, run);
    case Op::first:
    case Op::ever:
    case Op::always: return where_it_holds(e, run);
    case Op::all_of:
    case Op::any_of:
    case Op::negation: return logical(e, run);
    case Op::chain: return Value(chain_holds(e, run));
    case Op::membership: return Value(contains(evaluate(e.operands[1], run), evaluate(e.operands[0], run)));
    case Op::has: return Value(has(evaluate(e.operands[0], run), evaluate(e.operands[1], run)));
    case Op::match: return Value(matches(*e.pattern, evaluate(e.operands[0], run)));
    case Op::list: return list_of(e, run);
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide: return arithmetic(e, run);
    case Op::negate: return negate(evaluate(e.operands[0], run));
    case Op::search: return Value(found(*e.value.get_if<std::string>(), run));
  }
  return Value();
}

bool holds(const Expression& condition, const RunValues& run) { return is_true(condition, run); }

bool reads_curves(const Expression& expression) {
  bool reads = false;
  for_each_part(expression, [&](const Expression& e) {
    reads = reads || e.op == Op::at || e.op == Op::slope || e.op == Op::first || e.op == Op::ever ||
            e.op == Op::always || e.op == Op::tail || e.op == Op::smooth;
  });
  return reads;
}

}  // namespace stet::tracking::query
