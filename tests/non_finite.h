// Numbers that are none.
#pragma once

#include <limits>

namespace stet {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace stet
