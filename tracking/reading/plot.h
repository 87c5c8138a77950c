// Charts of metrics: what is drawn, and how axes are divided; as text for a terminal, and as SVG.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace stet::tracking {

struct PlotPoint {
  double x = 0;
  double y = 0;
  double low = 0, high = 0;  ///< of the band around it, where the curve has one
};

struct PlotCurve {
  std::string label;
  std::vector<PlotPoint> points;  ///< by ascending x, which is finite; y may be NaN or infinite
  bool has_band = false;
  std::vector<PlotPoint> raw;  ///< behind a smoothed curve, lighter; empty: none
};

struct Plot {
  std::string title;
  std::string x_label;
  bool is_log = false;  ///< of y; only where all that is finite is positive (may_be_log)
  std::vector<PlotCurve> curves;
};

/// Are there finite values, and all of them positive?
bool may_be_log(const Plot& plot);

/// The curve's finite values smoothed by a moving average (query::smoothed), with the curve itself behind.
PlotCurve smoothed(const PlotCurve& curve, double weight);

/// The mean of the curves at each x that one of them has, and their standard deviation (n - 1) as its band; of those
/// that are finite there, which are fewer where curves end.
PlotCurve mean_of(const std::vector<PlotCurve>& curves, std::string label);

/// At most about `most` points that look the same (curves.h).
PlotCurve thinned(const PlotCurve& curve, size_t most);

struct Tick {
  double value = 0;
  std::string label;
};

/// What is within [low, high] of the multiples of 1, 2 or 5 times a power of ten that give at most `most`.
std::vector<Tick> ticks(double low, double high, size_t most);
/// Powers of ten within, and where they are few, 2 and 5 times them; in steps of several powers where they are many.
std::vector<Tick> log_ticks(double low, double high, size_t most);

/// An axis: what lies between `low` and `high`, its position in [0, 1].
struct Axis {
  double low = 0, high = 1;
  bool is_log = false;
  std::vector<Tick> ticks;
  double at(double value) const;
};

/// Axes that have room for all that is finite.
Axis x_axis(const Plot& plot, size_t most_ticks);
Axis y_axis(const Plot& plot, size_t most_ticks);

/// A chart for a terminal of `width` characters, `rows` of them for curves: lines of text, by Braille's patterns and in
/// colours; without `colours`, a letter a curve where there are several. Of smoothed curves, without what is behind.
std::vector<std::string> plot_text(const Plot& plot, size_t width, size_t rows, bool colours);

enum class Palette : uint8_t { light, dark };

/// Charts below one another as an SVG document.
std::string plot_svg(const std::vector<Plot>& plots, Palette palette = Palette::light);

}  // namespace stet::tracking
