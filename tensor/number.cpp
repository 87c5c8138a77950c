#include "stet/tensor/number.h"

#include <fmt/format.h>

#include <cmath>

#include "stet/tensor/scalar_ops.h"

namespace stet {

std::optional<int64_t> Number::integral() const {
  if (integer_) return integer_;
  if (value_ != std::floor(value_) || value_ < -0x1p63 || value_ >= 0x1p63) return std::nullopt;
  return static_cast<int64_t>(value_);
}

int64_t Number::floor() const { return integer_ ? *integer_ : scalar_ops::convert<int64_t>(std::floor(value_)); }

int64_t Number::ceil() const { return integer_ ? *integer_ : scalar_ops::convert<int64_t>(std::ceil(value_)); }

std::string Number::to_string() const { return integer_ ? fmt::format("{}", *integer_) : fmt::format("{}", value_); }

}  // namespace stet
