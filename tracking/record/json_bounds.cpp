#include "stet/tracking/record/json_bounds.h"

#include <algorithm>

namespace stet::tracking {
namespace {

constexpr auto kMostObjects = 500'000, kMostElements = 4'000'000;

}  // namespace

// Those in texts count as well: no record comes near.
bool is_within_bounds(std::string_view json) {
  return std::count(json.begin(), json.end(), '{') <= kMostObjects &&
         std::count(json.begin(), json.end(), ',') <= kMostElements;
}

}  // namespace stet::tracking
