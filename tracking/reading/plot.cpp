#include "stet/tracking/reading/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "stet/tracking/query/curve.h"
#include "stet/tracking/reading/curves.h"

namespace stet::tracking {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLargest = 1e308;  // that an axis goes to

// Are they so near each other that nothing can be told between them?
bool is_one_value(double low, double high) {
  return !(high - low > 1e-300) || high - low <= 1e-12 * std::max(std::abs(low), std::abs(high));
}

struct Extent {
  double low = kInfinity, high = -kInfinity;
  void add(double value) {
    if (!std::isfinite(value)) return;
    value = std::clamp(value, -kLargest, kLargest);
    low = std::min(low, value), high = std::max(high, value);
  }
  bool empty() const { return low > high; }
};

Extent y_range(const Plot& plot) {
  Extent range;
  for (const PlotCurve& curve : plot.curves) {
    for (const PlotPoint& p : curve.points) {
      range.add(p.y);
      const bool in_log = !plot.is_log || p.low > 0;  // a band may reach below zero
      if (curve.has_band && in_log) range.add(p.low);
      if (curve.has_band) range.add(p.high);
    }
    for (const PlotPoint& p : curve.raw) range.add(p.y);
  }
  return range;
}

// As 1.2k, -3M, 0.05, 1e-7, with the typographers' minus; `step`: the distance of neighbours, which says how exact.
std::string label_of(double value, double step) {
  const double size = std::max(std::abs(value), step);
  std::string text;
  if (size >= 1e15 || size < 1e-4) text = fmt::format("{:.6g}", std::round(value / step) * step);
  else {
    static constexpr std::pair<double, const char*> kUnits[] = {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
    double unit = 1;
    const char* suffix = "";
    for (const auto& [one, name] : kUnits) {
      if (std::abs(value) < one || size < 10000) continue;  // 1000 to 9999 as they are
      unit = one, suffix = name;
      break;
    }
    const double exact = step / unit;
    const int digits = exact >= 1 ? 0 : std::min(static_cast<int>(std::ceil(-std::log10(exact) - 1e-9)), 12);
    text = fmt::format("{:.{}f}{}", value / unit, digits, suffix);
  }
  if (text.starts_with("-")) text = "−" + text.substr(1);
  return text;
}

Axis axis_of(Extent range, bool is_log) {
  if (range.empty()) return {.low = is_log ? 1.0 : 0.0, .high = is_log ? 10.0 : 1.0, .is_log = is_log, .ticks = {}};
  if (is_one_value(range.low, range.high)) {  // it is in the middle
    const double around = is_log ? 0 : range.low == 0 ? 1 : std::abs(range.low) / 2;
    range = is_log ? Extent{range.low / 2, range.high * 2} : Extent{range.low - around, range.high + around};
  }
  return {.low = range.low, .high = range.high, .is_log = is_log, .ticks = {}};
}

}  // namespace

bool may_be_log(const Plot& plot) {
  Extent range;
  for (const PlotCurve& curve : plot.curves) {
    for (const PlotPoint& p : curve.points) range.add(p.y);
    for (const PlotPoint& p : curve.raw) range.add(p.y);
  }
  return !range.empty() && range.low > 0;
}

PlotCurve smoothed(const PlotCurve& curve, double weight) {
  query::Curve values;
  for (const PlotPoint& p : curve.points) values.push_back({0, p.y});
  values = query::smoothed(values, weight);
  PlotCurve out = curve;
  for (size_t i = 0; i < values.size(); ++i) out.points[i].y = values[i].value;
  if (!curve.has_band) out.raw = curve.points;
  return out;
}

PlotCurve mean_of(const std::vector<PlotCurve>& curves, std::string label) {
  std::map<double, std::vector<double>> values;
  for (const PlotCurve& curve : curves) {
    for (const PlotPoint& p : curve.points) {
      auto& there = values[p.x];
      if (std::isfinite(p.y)) there.push_back(p.y);
    }
  }
  PlotCurve out{.label = std::move(label), .points = {}, .has_band = true, .raw = {}};
  for (const auto& [x, ys] : values) {
    double mean = 0, squares = 0;
    const auto n = static_cast<double>(ys.size());
    for (const double y : ys) mean += y / n;
    for (const double y : ys) squares += (y - mean) * (y - mean);
    if (ys.empty()) mean = std::numeric_limits<double>::quiet_NaN();
    const double deviation = ys.size() > 1 ? std::sqrt(squares / (n - 1)) : 0;
    out.points.push_back({x, mean, mean - deviation, mean + deviation});
  }
  return out;
}

PlotCurve thinned(const PlotCurve& curve, size_t most) {
  const auto fewer = [&](const std::vector<PlotPoint>& points) {
    std::vector<double> x, y;
    for (const PlotPoint& p : points) x.push_back(p.x), y.push_back(p.y);
    std::vector<PlotPoint> kept;
    for (const size_t i : thinned(x, y, most)) kept.push_back(points[i]);
    return kept;
  };
  return {.label = curve.label, .points = fewer(curve.points), .has_band = curve.has_band, .raw = fewer(curve.raw)};
}

std::vector<Tick> ticks(double low, double high, size_t most) {
  if (!(high > low) || is_one_value(low, high) || most == 0) return {};
  // From the greatest power of ten that can't be too coarse, upwards.
  int power =
      static_cast<int>(std::floor(std::log10(high / static_cast<double>(most) - low / static_cast<double>(most)))) - 1;
  for (;; ++power) {
    for (const int digit : {1, 2, 5}) {
      // Of whole numbers that are divided, not of fractions that are multiplied: 3 * 0.1 is not 0.3.
      const double unit = std::pow(10, std::abs(power));
      const auto value_of = [&](double k) { return power < 0 ? k * digit / unit + 0.0 : k * digit * unit + 0.0; };
      const double step = value_of(1), first = std::ceil(low / step - 1e-9), last = std::floor(high / step + 1e-9);
      if (last - first + 1 > static_cast<double>(most)) continue;
      std::vector<Tick> all;
      for (double k = first; k <= last; ++k) all.push_back({value_of(k), label_of(value_of(k), step)});
      return all;
    }
  }
}

std::vector<Tick> log_ticks(double low, double high, size_t most) {
  if (!(low > 0) || !(high > low)) return {};
  const int first = static_cast<int>(std::floor(std::log10(low))), last = static_cast<int>(std::ceil(std::log10(high)));
  const auto within = [&](const std::vector<int>& digits, int stride) {
    std::vector<Tick> all;
    for (int power = first; power <= last; ++power) {
      if (((power % stride) + stride) % stride != 0) continue;
      for (const int digit : digits) {
        const double value = digit * std::pow(10, power);
        const bool inside = value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
        if (inside) all.push_back({value, label_of(value, std::pow(10, power))});
      }
    }
    return all;
  };
  std::vector<Tick> all = within({1, 2, 5}, 1);
  if (all.size() < 2) return ticks(low, high, most);  // within less than a factor of two or so
  if (all.size() <= most) return all;
  if (std::vector<Tick> fewer = within({1, 5}, 1); fewer.size() <= most) return fewer;
  for (int stride = 1;; ++stride) {
    all = within({1}, stride);
    if (all.size() <= most) return all;
  }
}

double Axis::at(double value) const {
  if (is_log) return (std::log(value) - std::log(low)) / (std::log(high) - std::log(low));
  return (value / 2 - low / 2) / (high / 2 - low / 2);  // no difference of them is infinite
}

Axis x_axis(const Plot& plot, size_t most_ticks) {
  Extent range;
  for (const PlotCurve& curve : plot.curves) {
    for (const PlotPoint& p : curve.points) range.add(p.x);
  }
  Axis axis = axis_of(range, false);
  axis.ticks = ticks(axis.low, axis.high, most_ticks);
  return axis;
}

Axis y_axis(const Plot& plot, size_t most_ticks) {
  Axis axis = axis_of(y_range(plot), plot.is_log);
  if (!axis.is_log) {
    const double margin = axis.high / 40 - axis.low / 40;  // no curve lies on the edge
    axis.low -= margin, axis.high += margin;
  }
  axis.ticks = axis.is_log ? log_ticks(axis.low, axis.high, most_ticks) : ticks(axis.low, axis.high, most_ticks);
  return axis;
}

}  // namespace stet::tracking
