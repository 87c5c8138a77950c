#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "stet/tracking/reading/series_window.h"

namespace stet::tracking {

double SeriesBucket::mean() const {
  return finite() > 0 ? sum / static_cast<double>(finite()) : std::numeric_limits<double>::quiet_NaN();
}

SeriesBucket SeriesBucket::of(int64_t step, double time, double value) {
  SeriesBucket b;
  b.count = 1;
  b.nan = std::isnan(value);
  b.above = std::isinf(value) && value > 0;
  b.below = std::isinf(value) && value < 0;
  b.first_step = b.last_step = b.min_step = b.max_step = step;
  b.first_time = b.last_time = time;
  b.first = b.last = value;
  b.min = b.max = b.finite() > 0 ? value : std::numeric_limits<double>::quiet_NaN();
  b.sum = b.finite() > 0 ? value : 0;
  return b;
}

void SeriesBucket::add(const SeriesBucket& later) {
  // Among equals the one at the earlier step came first, and of one step the one that was logged before.
  const auto comes_before = [&](int64_t step, int64_t than) { return step < than; };
  if (later.finite() > 0) {
    const bool alone = finite() == 0;
    if (alone || later.min < min || (later.min == min && comes_before(later.min_step, min_step)))
      std::tie(min, min_step) = std::tie(later.min, later.min_step);
    if (alone || later.max > max || (later.max == max && comes_before(later.max_step, max_step)))
      std::tie(max, max_step) = std::tie(later.max, later.max_step);
    sum += later.sum;
  }
  if (comes_before(later.first_step, first_step)) first = later.first, first_step = later.first_step;
  if (later.last_step >= last_step) last = later.last, last_step = later.last_step;
  first_time = std::min(first_time, later.first_time);
  last_time = std::max(last_time, later.last_time);
  count += later.count, nan += later.nan, above += later.above, below += later.below;
}

}  // namespace stet::tracking
