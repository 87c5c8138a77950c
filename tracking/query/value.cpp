#include "stet/tracking/query/value.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace stet::tracking::query {
namespace {

constexpr double kTwo63 = 9223372036854775808.0, kTwo64 = 18446744073709551616.0;
constexpr uint64_t kLargestSigned = std::numeric_limits<int64_t>::max();

std::partial_ordering compare_integer(int64_t a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= kTwo63) return std::partial_ordering::less;
  if (b < -kTwo63) return std::partial_ordering::greater;
  const auto whole = static_cast<int64_t>(b);
  if (a != whole) return a <=> whole;
  return 0.0 <=> b - static_cast<double>(whole);
}

std::partial_ordering compare_integer(uint64_t a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= kTwo64) return std::partial_ordering::less;
  if (b < 0) return std::partial_ordering::greater;
  const auto whole = static_cast<uint64_t>(b);
  if (a != whole) return a <=> whole;
  return 0.0 <=> b - static_cast<double>(whole);
}

std::partial_ordering reversed(std::partial_ordering order) { return 0 <=> order; }

struct Compare {
  using Order = std::partial_ordering;
  Order operator()(bool a, bool b) const { return a == b ? Order::equivalent : Order::unordered; }
  Order operator()(int64_t a, int64_t b) const { return a <=> b; }
  Order operator()(uint64_t a, uint64_t b) const { return a <=> b; }
  Order operator()(int64_t, uint64_t) const { return Order::less; }  // a uint64_t is one that no int64_t can be
  Order operator()(uint64_t, int64_t) const { return Order::greater; }
  Order operator()(double a, double b) const { return a <=> b; }
  Order operator()(int64_t a, double b) const { return compare_integer(a, b); }
  Order operator()(uint64_t a, double b) const { return compare_integer(a, b); }
  Order operator()(double a, int64_t b) const { return reversed(compare_integer(b, a)); }
  Order operator()(double a, uint64_t b) const { return reversed(compare_integer(b, a)); }
  Order operator()(const std::string& a, const std::string& b) const { return a <=> b; }
  Order operator()(Date a, Date b) const { return a.seconds <=> b.seconds; }
  Order operator()(Duration a, Duration b) const { return a.seconds <=> b.seconds; }
  Order operator()(const List& a, const List& b) const {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), equal) ? Order::equivalent : Order::unordered;
  }
  template <class A, class B> Order operator()(const A&, const B&) const { return Order::unordered; }
};

bool is_nan(const Value& value) { return compare(value, value) == std::partial_ordering::unordered; }

std::optional<__int128> integer(const Value& value) {
  if (const auto* i = value.get_if<int64_t>()) return *i;
  if (const auto* u = value.get_if<uint64_t>()) return *u;
  return {};
}

Value of_integer(__int128 value) {
  if (value >= std::numeric_limits<int64_t>::min() && value <= std::numeric_limits<int64_t>::max())
    return Value(static_cast<int64_t>(value));
  if (value > 0 && value <= std::numeric_limits<uint64_t>::max()) return Value(static_cast<uint64_t>(value));
  return Value(static_cast<double>(value));
}

// One of `exact` on integers, else `floating` on numbers; none where one is no number.
template <class Exact, class Floating>
Value of_numbers(const Value& a, const Value& b, Exact exact, Floating floating) {
  if (a.kind() != Kind::number || b.kind() != Kind::number) return Value();
  const auto i = integer(a), j = integer(b);
  return i && j ? of_integer(exact(*i, *j)) : Value(floating(a.number(), b.number()));
}

const Date* date(const Value& v) { return v.get_if<Date>(); }
const Duration* duration(const Value& v) { return v.get_if<Duration>(); }

}  // namespace

Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

Value::Value(uint64_t data) {
  if (data <= kLargestSigned) data_ = static_cast<int64_t>(data);
  else data_ = data;
}

Kind Value::kind() const {
  static constexpr Kind kKinds[] = {Kind::none, Kind::boolean, Kind::number,   Kind::number, Kind::number,
                                    Kind::text, Kind::date,    Kind::duration, Kind::list};
  return kKinds[data_.index()];
}

double Value::number() const {
  if (const auto* i = get_if<int64_t>()) return static_cast<double>(*i);
  if (const auto* u = get_if<uint64_t>()) return static_cast<double>(*u);
  const auto* d = get_if<double>();
  return d ? *d : std::numeric_limits<double>::quiet_NaN();
}

bool Value::is_true() const {
  const auto* b = get_if<bool>();
  return b && *b;
}

std::partial_ordering compare(const Value& a, const Value& b) { return std::visit(Compare(), a.data(), b.data()); }

bool comparable(const Value& a, const Value& b) {
  return !a.is_none() && a.kind() == b.kind() && (a.kind() == Kind::list || (!is_nan(a) && !is_nan(b)));
}

bool equal(const Value& a, const Value& b) { return compare(a, b) == std::partial_ordering::equivalent; }

bool sorts_before(const Value& a, const Value& b, bool descending) {
  const bool a_last = a.is_none() || is_nan(a), b_last = b.is_none() || is_nan(b);
  if (a_last || b_last) return !a_last;
  const Value &first = descending ? b : a, &second = descending ? a : b;
  if (first.kind() != second.kind()) return first.kind() < second.kind();
  if (first.kind() == Kind::boolean) return !first.is_true() && second.is_true();
  if (const auto* list = first.get_if<List>())
    return std::lexicographical_compare(list->begin(), list->end(), second.get_if<List>()->begin(),
                                        second.get_if<List>()->end(),
                                        [](const Value& x, const Value& y) { return sorts_before(x, y, false); });
  return compare(first, second) == std::partial_ordering::less;
}

Value add(const Value& a, const Value& b) {
  if (date(a) && duration(b)) return Value(Date{date(a)->seconds + duration(b)->seconds});
  if (duration(a) && date(b)) return Value(Date{date(b)->seconds + duration(a)->seconds});
  if (duration(a) && duration(b)) return Value(Duration{duration(a)->seconds + duration(b)->seconds});
  return of_numbers(
      a, b, [](auto x, auto y) { return x + y; }, [](double x, double y) { return x + y; });
}

Value subtract(const Value& a, const Value& b) {
  if (date(a) && date(b)) return Value(Duration{date(a)->seconds - date(b)->seconds});
  if (date(a) && duration(b)) return Value(Date{date(a)->seconds - duration(b)->seconds});
  if (duration(a) && duration(b)) return Value(Duration{duration(a)->seconds - duration(b)->seconds});
  return of_numbers(
      a, b, [](auto x, auto y) { return x - y; }, [](double x, double y) { return x - y; });
}

Value multiply(const Value& a, const Value& b) {
  if (duration(a) && b.kind() == Kind::number) return Value(Duration{duration(a)->seconds * b.number()});
  if (duration(b) && a.kind() == Kind::number) return Value(Duration{duration(b)->seconds * a.number()});
  // Two numbers of 64 bits can have a product of 128, of which none is left for the sign.
  const double product = a.number() * b.number();
  const auto i = integer(a), j = integer(b);
  if (i && j && std::abs(product) < 0x1p120) return of_integer(*i * *j);
  return a.kind() == Kind::number && b.kind() == Kind::number ? Value(product) : Value();
}

Value divide(const Value& a, const Value& b) {
  if (duration(a) && duration(b)) {
    if (duration(b)->seconds == 0) return Value();
    return Value(duration(a)->seconds / duration(b)->seconds);
  }
  if (b.kind() != Kind::number || b.number() == 0) return Value();
  if (duration(a)) return Value(Duration{duration(a)->seconds / b.number()});
  return a.kind() == Kind::number ? Value(a.number() / b.number()) : Value();
}

Value negate(const Value& a) {
  if (duration(a)) return Value(Duration{-duration(a)->seconds});
  if (const auto i = integer(a)) return of_integer(-*i);
  return a.kind() == Kind::number ? Value(-a.number()) : Value();
}

}  // namespace stet::tracking::query
