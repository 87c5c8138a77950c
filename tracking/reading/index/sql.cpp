#include "stet/tracking/reading/index/sql.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string_view>

#include "stet/tracking/reading/index/store.h"

namespace stet::tracking {
namespace {

using query::Comparator;
using query::Expression;
using query::Member;
using query::Type;
using query::Value;
using Op = Expression::Op;

// An integer that SQLite doesn't hold, above 2^63 - 1, as something greater than all that it is compared with.
constexpr char kLarge[] = "9.3e18";

// SQLite refuses trees of more than a thousand levels.
constexpr size_t kMostParts = 300;

constexpr std::string_view kSymbols[] = {"=", "<>", "<", "<=", ">", ">="};
constexpr Comparator kTurned[] = {Comparator::equal,         Comparator::unequal, Comparator::greater,
                                  Comparator::greater_equal, Comparator::less,    Comparator::less_equal};

std::string_view symbol_of(Comparator c) { return kSymbols[static_cast<size_t>(c)]; }
Comparator turned(Comparator c) { return kTurned[static_cast<size_t>(c)]; }

// A part of a condition, none where SQL can't say anything of it.
struct Part {
  std::string text;
  bool exact = true;
};
using Maybe = std::optional<Part>;

// A number that SQLite compares as it is.
bool is_plain(const Value& value) {
  if (value.get_if<uint64_t>()) return false;
  const auto* number = value.get_if<double>();
  return !number || std::abs(*number) < 0x1p63;
}

class Translator {
 public:
  explicit Translator(SqlCondition& out) : out_(out) {}

  Maybe condition(const Expression& e) {
    if (++parts_ > kMostParts || out_.bound.size() > kMostParts) return {};
    switch (e.op) {
      case Op::literal: return Part{e.value.is_true() ? "1" : "0"};
      case Op::all_of: return all_of(e);
      case Op::any_of: return any_of(e);
      case Op::negation: return negation(e.operands[0]);
      case Op::chain: return chain(e);
      case Op::field: return Part{fmt::format("coalesce({}, 0)", column(e))};
      case Op::param: return Part{fmt::format("coalesce({}, 0)", param(e, Type::boolean))};
      case Op::membership: return membership(e.operands[0], e.operands[1]);
      case Op::has: return has(e.operands[0], e.operands[1]);
      case Op::ever:
      case Op::always: return by_extremes(e);
      default: return {};
    }
  }

 private:
  std::string bind(const Value& value) {
    out_.bound.push_back(value);
    return fmt::format("?{}", out_.bound.size());
  }
  std::string bind(const std::string& text) { return bind(Value(text)); }

  Maybe all_of(const Expression& e) {
    Part all{"", true};
    for (const Expression& operand : e.operands) {
      const Maybe part = condition(operand);
      all.exact = all.exact && part && part->exact;
      if (part) all.text += (all.text.empty() ? "" : " AND ") + part->text;
    }
    if (all.text.empty()) return {};
    return Part{"(" + all.text + ")", all.exact};
  }

  Maybe any_of(const Expression& e) {
    Part any{"", true};
    for (const Expression& operand : e.operands) {
      const Maybe part = condition(operand);
      if (!part) return {};
      any.exact = any.exact && part->exact;
      any.text += (any.text.empty() ? "" : " OR ") + part->text;
    }
    return Part{"(" + any.text + ")", any.exact};
  }

  Maybe negation(const Expression& e) {
    const Maybe part = condition(e);
    if (!part || !part->exact) return {};
    return Part{"NOT " + part->text};
  }

  static std::string column(const Expression& e) { return fmt::format("run.{}", query::kFields[e.index].column); }
  static bool is_seed(const Expression& e) {
    return e.op == Op::field && std::string_view(query::kFields[e.index].name) == "seed";
  }

  // A parameter's value where it is of that type.
  std::string param(const Expression& e, Type type) {
    const char* kinds = type == Type::number    ? "'integer', 'number', 'unsigned'"
                        : type == Type::boolean ? "'boolean'"
                                                : "'text'";
    const std::string value =
        type == Type::number ? fmt::format("CASE kind WHEN 'unsigned' THEN {} ELSE value END", kLarge) : "value";
    return fmt::format("(SELECT {} FROM param WHERE name = {} AND run = run.key AND kind IN ({}))", value, bind(e.name),
                       kinds);
  }

  // From the row of a series, none where it is missing.
  std::string of_series(const query::SeriesName& series, std::string_view what) {
    return fmt::format("(SELECT {} FROM metric WHERE {})", what, is_series(series));
  }
  std::string is_series(const query::SeriesName& series) {
    const std::string name = fmt::format("name = {} AND run = run.key", bind(series.name));
    return series.context.empty() ? name + " AND alone"
                                  : fmt::format("{} AND context = {}", name, bind(context_json(series)));
  }

  static std::string_view column_of(Member member) {
    switch (member) {
      case Member::last: return "\"last\"";
      case Member::first: return "\"first\"";
      case Member::min: return "\"min\"";
      case Member::max: return "\"max\"";
      case Member::mean: return "sum / (count - nan)";
      case Member::count: return "count";
      case Member::step: return "step";
      case Member::argmin: return "argmin";
      case Member::argmax: return "argmax";
      case Member::nan: return "nan";
      case Member::inf: return "inf";
    }
    return "NULL";
  }

  // A value that is NULL where it is missing or NaN; none where SQL has no such value. `type`: what it is compared
  // with.
  std::optional<std::string> value(const Expression& e, Type type) {
    if (e.op == Op::literal) return is_plain(e.value) ? std::optional(bind(e.value)) : std::nullopt;
    if (is_seed(e))
      return fmt::format("CASE WHEN run.seed < '09223372036854775808' THEN CAST(run.seed AS INTEGER) ELSE {} END",
                         kLarge);
    if (e.op == Op::field && e.type != Type::list) return column(e);
    if (e.op == Op::param && (type == Type::number || type == Type::text || type == Type::boolean))
      return param(e, type);
    if (e.op == Op::data) {
      return fmt::format("(SELECT {} FROM data WHERE name = {} AND run = run.key)", e.index == 0 ? "digest" : "samples",
                         bind(e.name));
    }
    if (e.op == Op::member && e.operands[0].op == Op::series)
      return of_series(e.operands[0].series, column_of(e.member));
    return {};
  }

  Maybe chain(const Expression& e) {
    Part all{"", true};
    for (size_t i = 0; i < e.comparators.size(); ++i) {
      const Maybe part = comparison(e.operands[i], e.comparators[i], e.operands[i + 1]);
      all.exact = all.exact && part && part->exact;
      if (part) all.text += (all.text.empty() ? "" : " AND ") + part->text;
    }
    if (all.text.empty()) return {};
    return Part{"(" + all.text + ")", all.exact};
  }

  Maybe comparison(const Expression& a, Comparator how, const Expression& b) {
    if (a.type == Type::none || b.type == Type::none) return with_none(a.type == Type::none ? b : a, how);
    if (a.op == Op::literal && b.op != Op::literal) return comparison(b, turned(how), a);
    if (const auto necessary = of_curve(a)) return necessary;
    if (const auto necessary = of_curve(b)) return necessary;
    // What may be too large for SQLite is compared with literals alone, of which none is.
    const auto may_be_large = [&](const Expression& e) { return e.op == Op::param || is_seed(e); };
    if (b.op != Op::literal && (may_be_large(a) || may_be_large(b))) return {};
    const Type type = b.op == Op::literal ? b.type : a.type;
    const auto left = value(a, type);
    const auto right = left ? value(b, type) : std::nullopt;
    if (!right) return {};
    return Part{fmt::format("coalesce({} {} {}, 0)", *left, symbol_of(how), *right)};
  }

  // A comparison with a value of a curve holds at most where there is such a series, and, of first(), where its
  // condition holds somewhere.
  Maybe of_curve(const Expression& e) {
    if (e.op == Op::first) {
      Maybe ever = by_extremes(e);
      if (ever) ever->exact = false;
      return ever;
    }
    if (e.op != Op::at && e.op != Op::slope && !(e.op == Op::member && e.operands[0].op != Op::series)) return {};
    const Expression* of = &e;
    while (of->op != Op::series) of = &of->operands[0];
    return Part{exists(of->series, "1"), false};
  }

  std::string exists(const query::SeriesName& series, std::string_view which) {
    return fmt::format("EXISTS(SELECT 1 FROM metric WHERE {} AND {})", is_series(series), which);
  }

  Maybe with_none(const Expression& e, Comparator how) {
    std::string there;
    if (e.op == Op::param) {
      there = fmt::format("EXISTS(SELECT 1 FROM param WHERE name = {} AND run = run.key)", bind(e.name));
    } else if (e.op == Op::series) {
      there = exists(e.series, "1");
    } else if (e.op == Op::member && e.operands[0].op == Op::series) {
      const bool of_numbers = e.member == Member::min || e.member == Member::max || e.member == Member::mean ||
                              e.member == Member::argmin || e.member == Member::argmax;
      there = exists(e.operands[0].series, of_numbers ? "count > nan" : "1");
    } else if (e.op == Op::field || e.op == Op::data) {
      there = *value(e, e.type) + " IS NOT NULL";
    } else {
      return {};
    }
    return Part{how == Comparator::equal ? fmt::format("NOT ({})", there) : fmt::format("({})", there)};
  }

  // ever, always, and what first needs, by the least and the greatest of a whole series.
  Maybe by_extremes(const Expression& e) {
    const Expression &series = e.operands[0], &right = e.operands[1];
    if (series.op != Op::series || e.comparators.empty() || right.op != Op::literal || !is_plain(right.value))
      return {};
    if (right.type != Type::number) return {};
    const Comparator how = e.comparators[0];
    const std::string bound = bind(right.value);
    const bool always = e.op == Op::always;
    const bool below = how == Comparator::less || how == Comparator::less_equal;
    if (how == Comparator::equal) {
      const char* form = always ? "nan = 0 AND \"min\" = {0} AND \"max\" = {0}" : "\"min\" <= {0} AND \"max\" >= {0}";
      return Part{exists(series.series, fmt::format(fmt::runtime(form), bound)), always};
    }
    if (how == Comparator::unequal) {
      if (always) return {};
      return Part{exists(series.series, fmt::format("(\"min\" <> {0} OR \"max\" <> {0})", bound))};
    }
    const char* extreme = below != always ? "\"min\"" : "\"max\"";
    const std::string holds = fmt::format("{} {} {}", extreme, symbol_of(how), bound);
    return Part{exists(series.series, always ? "nan = 0 AND " + holds : holds)};
  }

  Maybe membership(const Expression& element, const Expression& list) {
    if (list.op == Op::list) {
      Part any{"", true};
      if (list.operands.size() > kMostParts) return {};
      for (const Expression& one : list.operands) {
        const Maybe part = one.op == Op::literal ? comparison(element, Comparator::equal, one) : std::nullopt;
        if (!part) return {};
        any.exact = any.exact && part->exact;
        any.text += (any.text.empty() ? "" : " OR ") + part->text;
      }
      return Part{any.text.empty() ? "0" : "(" + any.text + ")", any.exact};
    }
    return listed(list, element);
  }

  Maybe has(const Expression& whole, const Expression& part) {
    if (whole.op == Op::field && whole.type == Type::text && part.op == Op::literal)
      return Part{fmt::format("coalesce(instr({}, {}) > 0, 0)", column(whole), bind(part.value))};
    return listed(whole, part);
  }

  // Is a text among a run's tags, or the names of its parameters, metrics or data?
  Maybe listed(const Expression& list, const Expression& element) {
    if (element.op != Op::literal || element.type != Type::text) return {};
    static constexpr const char* kTables[] = {"param", "metric", "data"};
    const bool tags = list.op == Op::field && list.type == Type::list;
    if (!tags && list.op != Op::names) return {};
    return Part{fmt::format("EXISTS(SELECT 1 FROM {} WHERE name = {} AND run = run.key)",
                            tags ? "tag" : kTables[list.index], bind(element.value))};
  }

  SqlCondition& out_;
  size_t parts_ = 0;
};

}  // namespace

SqlCondition to_sql(const Expression& condition) {
  SqlCondition sql;
  const auto part = Translator(sql).condition(condition);
  if (part) sql.text = part->text, sql.exact = part->exact;
  else sql.bound.clear();
  return sql;
}

}  // namespace stet::tracking
