#include "stet/tracking/query/parser.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <optional>

#include "stet/tracking/query/names.h"
#include "stet/tracking/query/pattern.h"
#include "stet/tracking/query/tokens.h"
#include "stet/tracking/query/types.h"

namespace stet::tracking::query {
namespace {

using Op = Expression::Op;

bool is_upward(Comparator c) { return c == Comparator::less || c == Comparator::less_equal; }
bool is_downward(Comparator c) { return c == Comparator::greater || c == Comparator::greater_equal; }

double start_of_day(Now now) {
  const auto seconds = static_cast<std::time_t>(now);
  std::tm calendar{};
  ::localtime_r(&seconds, &calendar);
  calendar.tm_hour = calendar.tm_min = calendar.tm_sec = 0;
  calendar.tm_isdst = -1;
  return static_cast<double>(::mktime(&calendar));
}

class Parser : Tokens {
 public:
  Parser(std::string_view query, Now now) : Tokens(query), now_(now) {}

  Expression condition_alone() {
    Expression e = any_of();
    if (token_.kind != TokenKind::end) unexpected("an operator");
    if (e.op == Op::literal && e.type == Type::text) e.op = Op::search, e.type = Type::boolean;
    return as_condition(std::move(e));
  }

  std::vector<Term> terms(bool sorts) {
    std::vector<Term> all;
    do {
      if (!all.empty()) advance();
      const bool descending = sorts && take_symbol("-");
      const size_t begin = token_.at;
      Expression value = any_of();
      if (value.type == Type::series) value = member_of(std::move(value), Member::last);
      const size_t end = std::min(token_.at, query_.size());
      all.push_back({trimmed(query_.substr(begin, end - begin)), std::move(value), descending});
    } while (is_symbol(","));
    if (token_.kind != TokenKind::end) unexpected("a comma");
    return all;
  }

 private:
  static std::string trimmed(std::string_view text) {
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return std::string(text);
  }

  // A node over operands; what is built without nesting, as a + b + c is, may not grow deep either.
  Expression node(Op op, Type type, size_t at, std::vector<Expression> operands) const {
    Expression e;
    e.op = op;
    e.type = type;
    e.at = at;
    for (const Expression& operand : operands) e.height = std::max(e.height, operand.height + 1);
    if (e.height > 4 * kDeepestQuery) fail(at, "it is nested too deep");
    e.operands = std::move(operands);
    return e;
  }
  static std::vector<Expression> one(Expression a) {
    std::vector<Expression> operands;
    operands.push_back(std::move(a));
    return operands;
  }
  static std::vector<Expression> both(Expression a, Expression b) {
    std::vector<Expression> operands;
    operands.push_back(std::move(a));
    operands.push_back(std::move(b));
    return operands;
  }
  Expression member_of(Expression series, Member member) const {
    const size_t at = series.at;
    Expression e = node(Op::member, Type::number, at, one(std::move(series)));
    e.member = member;
    return e;
  }

  // Counts are conditions too: is there any?
  Expression as_condition(Expression e) const {
    if (e.type == Type::boolean || e.op == Op::param) return e;
    const bool counts =
        e.op == Op::member && (e.member == Member::nan || e.member == Member::inf || e.member == Member::count);
    if (!counts) fail(e.at, fmt::format("a condition was expected, and this is {}{}", name_of(e.type), hint_for(e)));
    Expression zero;
    zero.type = Type::number;
    zero.value = Value(int64_t{0});
    const size_t at = e.at;
    Expression chain = node(Op::chain, Type::boolean, at, both(std::move(e), std::move(zero)));
    chain.comparators = {Comparator::unequal};
    return chain;
  }
  static std::string_view hint_for(const Expression& e) {
    return e.type == Type::series ? "; compare one of its values, as .last or .min" : "; compare it with something";
  }

  Expression any_of() {
    return joined("or", Op::any_of, [this] { return all_of(); });
  }
  Expression all_of() {
    return joined("and", Op::all_of, [this] { return negation(); });
  }

  template <class Next> Expression joined(std::string_view word, Op op, const Next& next) {
    const size_t at = token_.at;
    Expression first = next();
    if (!is_word(word)) return first;
    std::vector<Expression> operands;
    operands.push_back(as_condition(std::move(first)));
    while (take_word(word)) operands.push_back(as_condition(next()));
    return node(op, Type::boolean, at, std::move(operands));
  }

  Expression negation() {
    const size_t at = token_.at;
    if (!is_word("not")) return comparison();
    const Level level(*this);
    advance();
    return node(Op::negation, Type::boolean, at, one(as_condition(negation())));
  }

  std::optional<Comparator> comparator() const {
    if (token_.kind != TokenKind::symbol) return {};
    if (token_.spelling == "=") fail(token_.at, "'=' compares nothing; write '=='");
    return comparator_named(token_.spelling);
  }

  Expression comparison() {
    Expression left = sum();
    const size_t at = token_.at;
    if (comparator()) return chain(std::move(left));
    if (is_symbol("=~")) return match(std::move(left));
    if (take_word("has")) return relation(Op::has, at, std::move(left));
    if (take_word("in")) return relation(Op::membership, at, std::move(left));
    if (is_word("not")) {
      advance();
      if (!take_word("in")) unexpected("'in'");
      return node(Op::negation, Type::boolean, at, one(relation(Op::membership, at, std::move(left))));
    }
    return left;
  }

  Expression relation(Op op, size_t at, Expression left) {
    Expression right = sum();
    refuse_chain();
    if (op == Op::membership) check_membership(query_, at, left, right);
    else check_has(query_, at, left, right);
    const size_t begin = left.at;
    return node(op, Type::boolean, begin, both(std::move(left), std::move(right)));
  }

  void refuse_chain() const {
    if (comparator() || is_symbol("=~") || is_word("in") || is_word("has"))
      fail(token_.at, fmt::format("'{}' can't follow a comparison; put 'and' between two", token_.spelling));
  }

  Expression match(Expression left) {
    check_match(query_, left);
    token_ = lexer_.next_pattern();  // of which none was read yet
    if (token_.kind != TokenKind::text && token_.kind != TokenKind::regular)
      unexpected("a pattern, as \"a*\" or /^a/,");
    const size_t begin = left.at;
    Expression e = node(Op::match, Type::boolean, begin, one(std::move(left)));
    e.pattern = pattern();
    advance();
    refuse_chain();
    return e;
  }

  std::shared_ptr<const Pattern> pattern() const {
    try {
      if (token_.kind == TokenKind::text) return Pattern::shell(token_.text);
      const std::string_view flags = token_.spelling.substr(token_.spelling.rfind('/') + 1);
      if (!flags.empty() && flags != "i")
        fail(token_.end - flags.size(), fmt::format("'{}' is no flag; 'i' is, for any case", flags));
      return Pattern::regular(token_.text, !flags.empty());
    } catch (const QueryError&) { throw; } catch (const UsageError& e) {
      fail(token_.at, e.what());
    }
  }

  Expression chain(Expression first) {
    const size_t at = first.at;
    std::vector<Expression> operands = one(std::move(first));
    std::vector<Comparator> comparators;
    for (auto c = comparator(); c; c = comparator()) {
      comparators.push_back(*c);
      check_direction(comparators);
      const size_t where = token_.at;
      advance();
      operands.push_back(sum());
      check_comparison(query_, where, operands[operands.size() - 2], *c, operands.back());
      if (comparators.size() > 1) refuse_none_in_chain(operands);
    }
    refuse_chain();
    Expression e = node(Op::chain, Type::boolean, at, std::move(operands));
    e.comparators = std::move(comparators);
    return e;
  }

  void check_direction(const std::vector<Comparator>& all) const {
    if (all.size() < 2) return;
    if (is_one_of(all, Comparator::unequal))
      fail(token_.at, "a chain of comparisons has no '!='; put 'and' between two");
    if (std::any_of(all.begin(), all.end(), is_upward) && std::any_of(all.begin(), all.end(), is_downward))
      fail(token_.at, "a chain of comparisons goes in one direction; put 'and' between two");
  }
  template <class Enums> static bool is_one_of(const Enums& all, Comparator c) {
    return std::find(all.begin(), all.end(), c) != all.end();
  }
  void refuse_none_in_chain(const std::vector<Expression>& operands) const {
    for (const Expression& e : operands) {
      if (e.type == Type::none) fail(e.at, "none can't stand in a chain of comparisons; put 'and' between two");
    }
  }

  Expression sum() {
    return arithmetic("+", Op::add, "-", Op::subtract, [this] { return product(); });
  }
  Expression product() {
    return arithmetic("*", Op::multiply, "/", Op::divide, [this] { return unary(); });
  }

  template <class Next>
  Expression arithmetic(std::string_view symbol, Op op, std::string_view other, Op other_op, const Next& next) {
    Expression left = next();
    for (;;) {
      const size_t where = token_.at, at = left.at;
      const bool is_first = is_symbol(symbol);
      if (!is_first && !is_symbol(other)) return left;
      advance();
      Expression right = next();
      const Op chosen = is_first ? op : other_op;
      const Type type = type_of_arithmetic(query_, where, chosen, left, right);
      left = node(chosen, type, at, both(std::move(left), std::move(right)));
    }
  }

  Expression unary() {
    const size_t at = token_.at;
    if (!is_symbol("-")) return primary();
    const Level level(*this);
    advance();
    Expression operand = unary();
    if (operand.type != Type::number && operand.type != Type::duration && operand.type != Type::unknown)
      fail(at, fmt::format("{} has no negative", name_of(operand.type)));
    if (operand.op == Op::literal) {
      operand.value = negate(operand.value);
      operand.at = at;
      return operand;
    }
    const Type type = operand.type;
    return node(Op::negate, type, at, one(std::move(operand)));
  }

  Expression primary() {
    const size_t at = token_.at;
    if (token_.kind == TokenKind::literal || token_.kind == TokenKind::text) return literal(token_.value);
    if (is_symbol("(")) return parenthesised();
    if (is_symbol("[")) return list();
    if (token_.kind != TokenKind::word || is_operator_word(token_.spelling)) unexpected("a value");
    const std::string word(token_.spelling);
    if (word == "true" || word == "false") return literal(Value(word == "true"));
    if (word == "none") return literal(Value());
    if (word == "now") return literal(Value(Date{now_}));
    if (word == "today") return literal(Value(Date{start_of_day(now_)}));
    advance();
    if (word == "params") return param(at);
    if (word == "metrics") return metric(at);
    if (word == "data") return data(at);
    return field(at, word);
  }

  Expression literal(Value value) {
    Expression e;
    e.at = token_.at;
    e.type = type_of(value);
    e.value = std::move(value);
    advance();
    return e;
  }

  Expression parenthesised() {
    const Level level(*this);
    advance();
    Expression e = any_of();
    expect(")", "')' or an operator");
    return e;
  }

  Expression list() {
    const Level level(*this);
    const size_t at = token_.at;
    advance();
    std::vector<Expression> operands;
    while (!is_symbol("]")) {
      operands.push_back(sum());
      check_element(query_, operands.back());
      if (!take_symbol(",") && !is_symbol("]")) unexpected("',' or ']'");
    }
    advance();
    return node(Op::list, Type::list, at, std::move(operands));
  }

  Expression leaf(Op op, Type type, size_t at, size_t index = 0) const {
    Expression e = node(op, type, at, {});
    e.index = index;
    return e;
  }

  std::string quoted_name(std::string_view of) {
    if (token_.kind != TokenKind::text) unexpected(fmt::format("{} in quotes", of));
    std::string name = token_.text;
    advance();
    return name;
  }

  Expression param(size_t at) {
    Expression e = leaf(Op::param, Type::unknown, at);
    if (is_symbol(".")) {
      token_ = lexer_.next_name();
      if (token_.spelling.empty()) fail(token_.at, "the name of a parameter was expected");
      e.name = token_.spelling;
      advance();
      return e;
    }
    if (!take_symbol("[")) return leaf(Op::names, Type::list, at, 0);
    e.name = quoted_name("the name of a parameter");
    expect("]");
    return e;
  }

  Expression data(size_t at) {
    if (!take_symbol("[")) return leaf(Op::names, Type::list, at, 2);
    const std::string name = quoted_name("the name of a data set");
    expect("]");
    expect(".", "'.digest' or '.samples'");
    const bool digest = is_word("digest");
    if (!digest && !is_word("samples")) unexpected("'digest' or 'samples'");
    advance();
    Expression e = leaf(Op::data, digest ? Type::text : Type::number, at, digest ? 0 : 1);
    e.name = name;
    return e;
  }

  Expression metric(size_t at) {
    if (is_symbol(".")) fail(token_.at, "a metric's name stands in brackets and quotes, as in metrics[\"loss\"]");
    if (!take_symbol("[")) return leaf(Op::names, Type::list, at, 1);
    Expression e = leaf(Op::series, Type::series, at);
    e.series.name = quoted_name("the name of a metric");
    while (take_symbol(",")) context(e.series);
    expect("]", "',' or ']'");
    std::sort(e.series.context.begin(), e.series.context.end());
    while (take_symbol(".")) e = of_series(std::move(e));
    return e;
  }

  void context(SeriesName& series) {
    if (token_.kind != TokenKind::word && token_.kind != TokenKind::text)
      unexpected("a context, as subset = \"clean\",");
    const std::string key(token_.kind == TokenKind::text ? token_.text : std::string(token_.spelling));
    advance();
    expect("=");
    series.context.emplace_back(key, quoted_name("the context's value"));
  }

  // What stands behind a dot.
  Expression of_series(Expression series) {
    const size_t at = series.at;
    if (series.type != Type::series) fail(token_.at, fmt::format("{} has no parts", name_of(series.type)));
    if (token_.kind != TokenKind::word) unexpected("what is asked of the series");
    const std::string word(token_.spelling);
    const size_t where = token_.at;
    advance();
    if (is_symbol("(") && is_function(word)) return function(std::move(series), word, at);
    if (const auto known = member_named(word)) return member_of(std::move(series), *known);
    if (is_function(word)) unexpected(fmt::format("'(' behind '{}'", word));
    fail(where, fmt::format("'{}' is nothing of a series; {}", word, kPartsOfSeries));
  }

  Expression function(Expression series, const std::string& word, size_t at) {
    const Level level(*this);
    advance();
    std::vector<Expression> operands = one(std::move(series));
    Expression e;
    if (word == "tail" || word == "slope") {
      const bool slope = word == "slope";
      e = node(slope ? Op::slope : Op::tail, slope ? Type::number : Type::series, at, std::move(operands));
      e.count = count_of_points(slope ? 2 : 1);
    } else if (word == "smooth") {
      e = node(Op::smooth, Type::series, at, std::move(operands));
      e.number = weight();
    } else if (word == "at") {
      operands.push_back(sum());
      require_number(operands.back(), "a step");
      e = node(Op::at, Type::number, at, std::move(operands));
    } else {
      e = where_it_holds(word, at, std::move(operands));
    }
    expect(")");
    return e;
  }

  void require_number(const Expression& e, std::string_view what) const {
    if (e.type != Type::number && e.type != Type::unknown)
      fail(e.at, fmt::format("{} was expected, and this is {}", what, name_of(e.type)));
  }

  int64_t count_of_points(int64_t least) {
    const auto* count = token_.kind == TokenKind::literal ? token_.value.get_if<int64_t>() : nullptr;
    if (!count || *count < least) unexpected(fmt::format("a number of points, {} or more,", least));
    const int64_t value = *count;
    advance();
    return value;
  }

  double weight() {
    const bool is_number = token_.kind == TokenKind::literal && token_.value.kind() == Kind::number;
    const double value = is_number ? token_.value.number() : -1;
    if (!(value >= 0 && value < 1)) unexpected("a weight from 0 to less than 1");
    advance();
    return value;
  }

  // A comparison without its left side.
  Expression where_it_holds(const std::string& word, size_t at, std::vector<Expression> operands) {
    const Op op = word == "first" ? Op::first : word == "ever" ? Op::ever : Op::always;
    std::vector<Comparator> comparators;
    Expression point;
    point.type = Type::number;
    const size_t where = token_.at;
    if (const auto c = comparator()) {
      comparators.push_back(*c);
      advance();
      operands.push_back(sum());
      check_comparison(query_, where, point, *c, operands.back());
    } else if (take_word("in")) {
      operands.push_back(sum());
      check_membership(query_, where, point, operands.back());
    } else {
      unexpected(fmt::format("a comparison without its left side, as in {}(< 0.5),", word));
    }
    if (operands.back().type == Type::none) fail(operands.back().at, "a point of a series is never none");
    Expression e = node(op, op == Op::first ? Type::number : Type::boolean, at, std::move(operands));
    e.comparators = std::move(comparators);
    return e;
  }

  Expression field(size_t at, std::string word) {
    if (word == "git") {
      expect(".", "'.commit', '.branch', '.dirty' or '.remote'");
      if (token_.kind != TokenKind::word) unexpected("'commit', 'branch', 'dirty' or 'remote'");
      word += "." + std::string(token_.spelling);
      advance();
    }
    const auto index = field_named(word);
    if (!index) raise_unknown(query_, at, word);
    return leaf(Op::field, kFields[*index].type, at, *index);
  }

  Now now_;
};

Expression condition_of(Value value, Op op) {
  Expression e;
  e.op = op;
  e.type = Type::boolean;
  e.value = std::move(value);
  return e;
}

}  // namespace

Now clock_now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

Expression parse(std::string_view query, Now now) {
  constexpr std::string_view blanks = " \t\r\n\v\f";
  const size_t first = query.find_first_not_of(blanks);
  if (first == query.npos) return condition_of(Value(true), Op::literal);
  const std::string_view text = query.substr(first, query.find_last_not_of(blanks) + 1 - first);
  if (text.size() <= kLongestQuery && is_search(text)) return condition_of(Value(std::string(text)), Op::search);
  return Parser(query, now).condition_alone();
}

std::vector<Term> parse_terms(std::string_view text, bool sorts, Now now) { return Parser(text, now).terms(sorts); }

}  // namespace stet::tracking::query
