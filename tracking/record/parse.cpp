#include "stet/tracking/record/parse.h"

#include <charconv>
#include <cmath>
#include <system_error>
#include <type_traits>

#include "stet/tensor/number_text.h"

namespace stet::tracking {
namespace {

template <class T> std::optional<T> parse(std::string_view text) {
  T value{};
  if constexpr (std::is_floating_point_v<T>) {
    if (parse_number(text, value) != NumberText::number || !std::isfinite(value)) return std::nullopt;
  } else {
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stopped != end) return std::nullopt;
  }
  return value;
}

}  // namespace

std::optional<int64_t> parse_int64(std::string_view text) { return parse<int64_t>(text); }
std::optional<uint64_t> parse_uint64(std::string_view text) { return parse<uint64_t>(text); }
std::optional<float> parse_float(std::string_view text) { return parse<float>(text); }
std::optional<double> parse_double(std::string_view text) { return parse<double>(text); }

std::optional<bool> parse_bool(std::string_view text) {
  for (const auto* yes : {"true", "yes", "on", "1"}) {
    if (text == yes) return true;
  }
  for (const auto* no : {"false", "no", "off", "0"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

}  // namespace stet::tracking
