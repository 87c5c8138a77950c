#include "stet/tracking/query/curve.h"

#include <cmath>
#include <cstddef>

namespace stet::tracking::query {

void CurveSummary::add(CurvePoint point) {
  const bool is_nan = std::isnan(point.value);
  const bool is_first = !has_numbers() && !is_nan;
  if (count == 0) first = point.value;
  last = point.value;
  step = point.step;
  ++count;
  nan += is_nan;
  inf += std::isinf(point.value);
  if (is_nan) return;
  sum += point.value;
  if (is_first || point.value < min) min = point.value, min_step = point.step;
  if (is_first || point.value > max) max = point.value, max_step = point.step;
}

CurveSummary summarize(const Curve& curve) {
  CurveSummary summary;
  for (const CurvePoint& point : curve) summary.add(point);
  return summary;
}

Curve tail(const Curve& curve, int64_t count) {
  const auto size = static_cast<int64_t>(curve.size());
  return {curve.begin() + (size > count ? size - count : 0), curve.end()};
}

Curve smoothed(const Curve& curve, double weight) {
  Curve out = curve;
  double average = 0, power = 1;
  for (CurvePoint& point : out) {
    if (!std::isfinite(point.value)) continue;
    average = weight * average + (1 - weight) * point.value;
    power *= weight;
    point.value = average / (1 - power);
  }
  return out;
}

std::optional<double> slope(const Curve& curve, int64_t count) {
  double n = 0, steps = 0, values = 0;
  const Curve last = tail(curve, count);
  for (const auto& [step, value] : last) {
    if (!std::isfinite(value)) continue;
    n += 1;
    steps += static_cast<double>(step);
    values += value;
  }
  double products = 0, squares = 0;
  for (const auto& [step, value] : last) {
    if (!std::isfinite(value)) continue;
    const double away = static_cast<double>(step) - steps / n;
    products += away * (value - values / n);
    squares += away * away;
  }
  if (!(squares > 0)) return {};
  return products / squares;
}

}  // namespace stet::tracking::query
