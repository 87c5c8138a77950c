// Finding the name that was meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stet::tracking {

/// The name that differs from `given` in the fewest letters; empty when none is near.
std::string nearest(std::string_view given, const std::vector<std::string>& names);

}  // namespace stet::tracking
