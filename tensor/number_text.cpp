#include "stet/tensor/number_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "stet/tensor/float_env.h"

namespace stet {
namespace {

constexpr int64_t kFarExponent = int64_t{1} << 40;  // beyond what any number of digits makes up for

int64_t exponent_of(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  int64_t exponent = 0;
  for (const char c : text) exponent = std::min(kFarExponent, exponent * 10 + (c - '0'));
  return negative ? -exponent : exponent;
}

// Is a number as from_chars takes it, and other than zero, below 1?
bool is_below_one(std::string_view text) {
  const size_t mark = std::min(text.find_first_of("eE"), text.size());
  const std::string_view digits = text.substr(0, mark);
  const size_t point = std::min(digits.find('.'), digits.size());
  const size_t first = digits.find_first_of("123456789");
  const auto place = static_cast<int64_t>(point) - static_cast<int64_t>(first) - (first < point ? 1 : 0);
  return place + (mark < text.size() ? exponent_of(text.substr(mark + 1)) : 0) < 0;
}

template <class T> NumberText parse(std::string_view text, T& value) {
  const ContractFloatEnv env;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (stopped != end || error == std::errc::invalid_argument) return NumberText::no_number;
  if (error == std::errc()) return NumberText::number;
  if (!is_below_one(text)) return NumberText::out_of_range;
  value = text.starts_with('-') ? -T{0} : T{0};
  return NumberText::number;
}

}  // namespace

NumberText parse_number(std::string_view text, float& value) { return parse(text, value); }
NumberText parse_number(std::string_view text, double& value) { return parse(text, value); }

}  // namespace stet
