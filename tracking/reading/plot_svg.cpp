#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "stet/tracking/reading/plot.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

constexpr size_t kSeriesColours = 12;

struct Colours {
  std::array<const char*, kSeriesColours>
      series;  // told apart with every kind of sight; past them the same ones dashed
  const char *background, *ink, *muted, *grid, *border;
};

constexpr Colours kLight = {{"#2446c4", "#cc8428", "#02744c", "#6e2f57", "#b374fe", "#725c00", "#249ca5", "#f35273",
                             "#7567c2", "#588d55", "#84558c", "#a16c30"},
                            "#ffffff",
                            "#1b1f24",
                            "#5b6470",
                            "#e9ecf0",
                            "#d9dde3"};
constexpr Colours kDark = {{"#4074d9", "#c75306", "#7ae69a", "#f7b4cf", "#af9cfe", "#c3a734", "#309c9d", "#c37675",
                            "#8084bd", "#c1d85e", "#e7b5f9", "#aa844b"},
                           "#14171c",
                           "#e6e9ee",
                           "#9aa4b2",
                           "#242a32",
                           "#2f3641"};
constexpr const char* kFont = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', sans-serif";

constexpr double kWidth = 640, kLeft = 60, kRight = 24, kTop = 36, kChart = 280, kBelow = 40, kLegendRow = 18;

std::string xml_text(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

class Svg {
 public:
  explicit Svg(const Colours& colours) : colours(colours) {}
  const Colours& colours;
  std::string text;

  void put_text(double x, double y, const std::string& what, const char* anchor, int size, const char* colour,
                bool bold = false) {
    text += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"{}\" fill=\"{}\"{}>{}</text>\n",
                        x, y, anchor, size, colour, bold ? " font-weight=\"600\"" : "", xml_text(what));
  }
  void put_line(double x1, double y1, double x2, double y2, const char* colour) {
    text += fmt::format(
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" stroke-width=\"1\"/>\n", x1, y1,
        x2, y2, colour);
  }
};

const char* dash_of(size_t index) {
  const size_t round = index / kSeriesColours;
  return round == 0 ? "" : round == 1 ? " stroke-dasharray=\"6 3\"" : " stroke-dasharray=\"2 3\"";
}

// One chart, its upper edge at `top`.
class Chart {
 public:
  Chart(Svg& svg, const Plot& plot, double top)
      : svg_(svg), plot_(plot), top_(top + kTop), x_(x_axis(plot, 6)), y_(y_axis(plot, 5)) {}

  void draw() {
    svg_.put_text(kLeft, top_ - 14, plot_.title + (plot_.is_log ? "  (log)" : ""), "start", 12, svg_.colours.ink, true);
    draw_axes();
    for (size_t i = 0; i < plot_.curves.size(); ++i) draw_curve(plot_.curves[i], i);
    draw_legend();
  }
  static double height(const Plot& plot) { return kTop + kChart + kBelow + kLegendRow * legend_rows(plot) + 12; }

 private:
  double x(double value) const { return kLeft + x_.at(value) * (kWidth - kLeft - kRight); }
  double y(double value) const { return top_ + (1 - std::clamp(y_.at(value), 0.0, 1.0)) * kChart; }

  void draw_axes() {
    for (const Tick& tick : y_.ticks) {
      svg_.put_line(kLeft, y(tick.value), kWidth - kRight, y(tick.value), svg_.colours.grid);
      svg_.put_text(kLeft - 8, y(tick.value) + 4, tick.label, "end", 11, svg_.colours.muted);
    }
    svg_.put_line(kLeft, top_ + kChart, kWidth - kRight, top_ + kChart, svg_.colours.border);
    for (const Tick& tick : x_.ticks) {
      svg_.put_line(x(tick.value), top_ + kChart, x(tick.value), top_ + kChart + 4, svg_.colours.border);
      svg_.put_text(x(tick.value), top_ + kChart + 17, tick.label, "middle", 11, svg_.colours.muted);
    }
    svg_.put_text(kWidth - kRight, top_ + kChart + 34, plot_.x_label, "end", 11, svg_.colours.muted);
  }

  // Lines between neighbours that are finite.
  std::string path_of(const std::vector<PlotPoint>& points) const {
    std::string path;
    bool pen_down = false;
    for (const PlotPoint& p : points) {
      const bool drawn = std::isfinite(p.y) && std::isfinite(p.x);
      if (drawn) path += fmt::format("{}{:.1f} {:.1f}", pen_down ? "L" : "M", x(p.x), y(p.y));
      pen_down = drawn;
    }
    return path;
  }

  void draw_path(const std::vector<PlotPoint>& points, size_t index, const char* opacity) {
    const char* colour = svg_.colours.series[index % kSeriesColours];
    const std::string path = path_of(points);
    if (!path.empty())
      svg_.text += fmt::format(
          "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\" stroke-linejoin=\"round\" "
          "stroke-linecap=\"round\"{}{}/>\n",
          path, colour, dash_of(index), opacity);
  }

  void draw_band(const PlotCurve& curve, size_t index) {
    std::string there, back;
    for (const PlotPoint& p : curve.points) {
      if (!std::isfinite(p.y)) continue;
      const double low = y_.is_log ? std::max(p.low, y_.low) : p.low;
      there += fmt::format("{}{:.1f} {:.1f}", there.empty() ? "M" : "L", x(p.x), y(p.high));
      back = fmt::format("L{:.1f} {:.1f}", x(p.x), y(low)) + back;
    }
    if (!there.empty())
      svg_.text += fmt::format("<path d=\"{}{}Z\" fill=\"{}\" fill-opacity=\"0.15\" stroke=\"none\"/>\n", there, back,
                               svg_.colours.series[index % kSeriesColours]);
  }

  // What has no place on the axis stands on its edge.
  void draw_marks(const PlotCurve& curve, size_t index) {
    const char* colour = svg_.colours.series[index % kSeriesColours];
    for (const PlotPoint& p : curve.points) {
      if (std::isfinite(p.y)) continue;
      const bool is_top = p.y > 0;
      const char* mark = std::isnan(p.y) ? "×" : is_top ? "▲" : "▼";
      svg_.put_text(x(p.x), is_top ? top_ + 9 : top_ + kChart - 2, mark, "middle", std::isnan(p.y) ? 13 : 9, colour);
    }
  }

  void draw_curve(const PlotCurve& whole, size_t index) {
    const PlotCurve curve = thinned(whole, static_cast<size_t>(2 * kWidth));
    if (curve.has_band) draw_band(curve, index);
    draw_path(curve.raw, index, " stroke-opacity=\"0.25\"");
    draw_path(curve.points, index, "");
    if (curve.points.size() == 1 && std::isfinite(curve.points[0].y))
      svg_.text += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\" fill=\"{}\"/>\n", x(curve.points[0].x),
                               y(curve.points[0].y), svg_.colours.series[index % kSeriesColours]);
    draw_marks(curve, index);
  }

  // As wide as text of that many characters is in most fonts.
  static double legend_width(const PlotCurve& curve) {
    const auto bytes = printable(curve.label);
    const auto characters = std::count_if(bytes.begin(), bytes.end(),
                                          [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
    return 34 + 6.8 * static_cast<double>(characters);
  }
  // Calls f(curve's index, x, row) for each entry, and returns the number of rows.
  template <class F> static int lay_legend(const Plot& plot, const F& f) {
    double x = kLeft;
    int row = 0;
    for (size_t i = 0; i < plot.curves.size(); ++i) {
      const double width = legend_width(plot.curves[i]);
      if (x > kLeft && x + width > kWidth - kRight) x = kLeft, ++row;
      f(i, x, row);
      x += width;
    }
    return row + 1;
  }
  static int legend_rows(const Plot& plot) {
    return lay_legend(plot, [](size_t, double, int) {});
  }

  void draw_legend() {
    lay_legend(plot_, [&](size_t i, double left, int row) {
      const double middle = top_ + kChart + kBelow + 10 + kLegendRow * row;
      svg_.text += fmt::format(
          "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" stroke-width=\"2\"{}/>\n", left,
          middle, left + 16, middle, svg_.colours.series[i % kSeriesColours], dash_of(i));
      svg_.put_text(left + 22, middle + 4, plot_.curves[i].label, "start", 12, svg_.colours.ink);
    });
  }

  Svg& svg_;
  const Plot& plot_;
  double top_;
  Axis x_, y_;
};

}  // namespace

std::string plot_svg(const std::vector<Plot>& plots, Palette palette) {
  double height = 0;
  for (const Plot& plot : plots) height += Chart::height(plot);
  Svg svg(palette == Palette::dark ? kDark : kLight);
  svg.text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
      "font-family=\"{2}\">\n<rect width=\"100%\" height=\"100%\" fill=\"{3}\"/>\n",
      kWidth, height, kFont, svg.colours.background);
  double top = 0;
  for (const Plot& plot : plots) {
    Chart(svg, plot, top).draw();
    top += Chart::height(plot);
  }
  return svg.text + "</svg>\n";
}

}  // namespace stet::tracking
