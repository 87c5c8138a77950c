// A number that stands beside a tensor.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>

namespace stet {

/// A number of any arithmetic type, or what converts to double. Unlike a double it knows whether it was an integer, and
/// keeps all of int64's bits.
class Number {
 public:
  template <class T>
  requires std::convertible_to<const T&, double> Number(const T& v) {  // NOLINT: `x * 2` reads as it should
    value_ = static_cast<double>(v);
    if constexpr (std::is_integral_v<T>) {
      if (sizeof(T) < 8 || std::is_signed_v<T> || v <= static_cast<T>(std::numeric_limits<int64_t>::max())) {
        integer_ = static_cast<int64_t>(v);
      }
    }
  }

  /// Rounded, where it is an integer past 2^53.
  double value() const { return value_; }
  /// What it is as an integer, of an integer type.
  std::optional<int64_t> integer() const { return integer_; }
  /// The same of any type, where the value is integral and fits.
  std::optional<int64_t> integral() const;
  /// The greatest integer up to it, and the least from it on; the nearest end of int64 beyond its range. Not of NaN.
  int64_t floor() const;
  int64_t ceil() const;
  std::string to_string() const;

 private:
  double value_;
  std::optional<int64_t> integer_;
};

}  // namespace stet
