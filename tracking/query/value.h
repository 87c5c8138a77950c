// Values of the query language (docs/query.md), and how they compare and add up.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace stet::tracking::query {

struct Date {
  double seconds = 0;  ///< since 1970, UTC
};
struct Duration {
  double seconds = 0;
};
class Value;
using List = std::vector<Value>;

enum class Kind : uint8_t { none, boolean, number, text, date, duration, list };

/// A value, or none where there is nothing. Integers are exact to 64 bits: those above 2^63 - 1 are uint64_t, all
/// others int64_t.
class Value {
 public:
  using Data = std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, Date, Duration, List>;

  Value() = default;
  Value(const Value&);  // these in the source: g++ 12 takes what they inline for reading what is not set
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();
  template <class T>
  requires(std::same_as<T, bool> || std::same_as<T, int64_t> || std::same_as<T, double> ||
           std::same_as<T, std::string> || std::same_as<T, Date> || std::same_as<T, Duration> ||
           std::same_as<T, List>) explicit Value(T data)
      : data_(std::move(data)) {}
  explicit Value(uint64_t data);

  Kind kind() const;
  bool is_none() const { return data_.index() == 0; }
  const Data& data() const { return data_; }
  template <class T> const T* get_if() const { return std::get_if<T>(&data_); }
  /// The number as a double; NaN where it is none.
  double number() const;
  /// Is it the boolean true?
  bool is_true() const;

 private:
  Data data_;
};

/// Numbers compare exactly, integers with floating ones too; texts by their bytes. Unordered are NaN, values of unlike
/// kinds and what is none; booleans and lists are equal or unordered.
std::partial_ordering compare(const Value& a, const Value& b);

/// Are both there, of one kind, and neither NaN? Only then `==` or `!=` holds.
bool comparable(const Value& a, const Value& b);

bool equal(const Value& a, const Value& b);

/// For sorting: kinds after one another, what is none and NaN behind all else whether it ascends or not.
bool sorts_before(const Value& a, const Value& b, bool descending);

// Arithmetic. What has no result, a text plus one or a number by zero, is none; integers that leave 64 bits become
// floating.
Value add(const Value& a, const Value& b);
Value subtract(const Value& a, const Value& b);
Value multiply(const Value& a, const Value& b);
Value divide(const Value& a, const Value& b);
Value negate(const Value& a);

}  // namespace stet::tracking::query
