// Series of numbers, and what is computed of them: alike for queries, tables and plots.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace stet::tracking::query {

struct CurvePoint {
  int64_t step = 0;
  double value = 0;
};
using Curve = std::vector<CurvePoint>;

/// A series added up, point by point. NaN counts, and is neither the least nor the greatest nor part of the mean.
struct CurveSummary {
  int64_t count = 0;  ///< with NaN and infinities
  int64_t nan = 0, inf = 0;
  double first = 0, last = 0;
  int64_t step = 0;                    ///< of the last
  double min = 0, max = 0, sum = 0;    ///< of those that are not NaN
  int64_t min_step = 0, max_step = 0;  ///< where the least and the greatest came first

  void add(CurvePoint point);
  /// Are there others than NaN?
  bool has_numbers() const { return count > nan; }
  double mean() const { return sum / static_cast<double>(count - nan); }
};
CurveSummary summarize(const Curve& curve);

/// The last `count` points, or all.
Curve tail(const Curve& curve, int64_t count);

/// The moving average s = weight * s + (1 - weight) * value, divided by 1 - weight^n after n points, so that it begins
/// at the first value. What is not finite stays as it is, and leaves the average alone.
Curve smoothed(const Curve& curve, double weight);

/// The slope of the line that is nearest to the last `count` points by least squares, a step; those that are not finite
/// are left out. None where fewer than two steps are left.
std::optional<double> slope(const Curve& curve, int64_t count);

}  // namespace stet::tracking::query
