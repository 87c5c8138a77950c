#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "stet/tracking/reading/plot.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

// Of a terminal's own sixteen, which go with its background.
constexpr std::array<int, 10> kTerminalColours = {34, 33, 32, 35, 36, 31, 94, 93, 92, 95};
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

size_t characters_of(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string braille(uint8_t dots) {
  const unsigned code = 0x2800u + dots;
  return {static_cast<char>(0xe0 | (code >> 12)), static_cast<char>(0x80 | ((code >> 6) & 0x3f)),
          static_cast<char>(0x80 | (code & 0x3f))};
}

std::string letter(size_t curve) { return std::string(1, kLetters[curve % kLetters.size()]); }

// Characters of 2 x 4 dots each.
class Canvas {
 public:
  Canvas(size_t columns, size_t rows) : columns_(columns), rows_(rows), cells_(columns * rows) {}

  // Both in [0, 1], y upwards.
  struct Place {
    double x, y;
  };
  void line(Place from, Place to, size_t curve) {
    const double dx = (to.x - from.x) * width(), dy = (to.y - from.y) * height();
    const int steps = std::max(1, static_cast<int>(std::ceil(std::max(std::abs(dx), std::abs(dy)))));
    for (int i = 0; i <= steps; ++i) {
      const double t = static_cast<double>(i) / steps;
      dot({from.x + t * (to.x - from.x), from.y + t * (to.y - from.y)}, curve);
    }
  }
  void dot(Place at, size_t curve) {
    static constexpr uint8_t kDots[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    const auto x = static_cast<size_t>(std::lround(std::clamp(at.x, 0.0, 1.0) * width()));
    const auto y = static_cast<size_t>(std::lround((1 - std::clamp(at.y, 0.0, 1.0)) * height()));
    Cell& cell = cells_[y / 4 * columns_ + x / 2];
    cell.dots |= kDots[y % 4][x % 2];
    cell.curve = curve;
  }
  void mark(double x, bool is_top, const char* what, size_t curve) {
    const auto column = static_cast<size_t>(std::lround(std::clamp(x, 0.0, 1.0) * width())) / 2;
    Cell& cell = cells_[(is_top ? 0 : rows_ - 1) * columns_ + column];
    cell.mark = what;
    cell.curve = curve;
  }

  std::string row(size_t row, bool colours, bool letters) const {
    std::string text;
    for (size_t column = 0; column < columns_; ++column) {
      const Cell& cell = cells_[row * columns_ + column];
      if (!cell.mark && cell.dots == 0) {
        text += ' ';
        continue;
      }
      const std::string what = cell.mark ? cell.mark : letters ? letter(cell.curve) : braille(cell.dots);
      text += colours ? fmt::format("\x1b[{}m{}\x1b[0m", kTerminalColours[cell.curve % kTerminalColours.size()], what)
                      : what;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  }
  size_t row_of(double y) const {
    return static_cast<size_t>(std::lround((1 - std::clamp(y, 0.0, 1.0)) * height())) / 4;
  }
  size_t column_of(double x) const { return static_cast<size_t>(std::lround(std::clamp(x, 0.0, 1.0) * width())) / 2; }

 private:
  struct Cell {
    uint8_t dots = 0;
    const char* mark = nullptr;
    size_t curve = 0;
  };
  double width() const { return static_cast<double>(2 * columns_ - 1); }
  double height() const { return static_cast<double>(4 * rows_ - 1); }
  size_t columns_, rows_;
  std::vector<Cell> cells_;
};

void draw(Canvas& canvas, const PlotCurve& curve, size_t index, const Axis& x, const Axis& y) {
  const PlotPoint* before = nullptr;
  const auto place = [&](const PlotPoint& p) { return Canvas::Place{x.at(p.x), y.at(p.y)}; };
  for (const PlotPoint& p : curve.points) {
    if (!std::isfinite(p.y)) {
      before = nullptr;
      continue;
    }
    canvas.line(place(before ? *before : p), place(p), index);
    before = &p;
  }
}

void draw_marks(Canvas& canvas, const PlotCurve& curve, size_t index, const Axis& x) {
  for (const PlotPoint& p : curve.points) {
    if (std::isfinite(p.y)) continue;
    canvas.mark(x.at(p.x), p.y > 0, std::isnan(p.y) ? "×" : p.y > 0 ? "▲" : "▼", index);
  }
}

// Labels centred below their ticks, where they leave a blank between them.
std::string label_row(const Axis& x, const Canvas& canvas, size_t gutter, size_t width) {
  std::string text;
  size_t used = 0;
  for (const Tick& tick : x.ticks) {
    const size_t length = characters_of(tick.label), at = gutter + canvas.column_of(x.at(tick.value));
    size_t begin = at > length / 2 ? at - length / 2 : 0;
    if (begin + length > width) begin = width - std::min(width, length);
    if (used > 0 && begin <= used) continue;
    if (begin < used) continue;
    text += std::string(begin - used, ' ') + tick.label;
    used = begin + length;
  }
  return text;
}

void append_legend(std::vector<std::string>& lines, const Plot& plot, size_t width, bool colours, bool letters) {
  std::string line;
  size_t used = 0;
  for (size_t i = 0; i < plot.curves.size(); ++i) {
    const std::string label = printable(plot.curves[i].label), sign = letters ? letter(i) : "━";
    const size_t length = characters_of(label) + 2;
    if (used > 0 && used + 2 + length > width) {
      lines.push_back(line);
      line.clear(), used = 0;
    }
    if (used > 0) line += "  ", used += 2;
    line += colours ? fmt::format("\x1b[{}m{}\x1b[0m {}", kTerminalColours[i % kTerminalColours.size()], sign, label)
                    : sign + " " + label;
    used += length;
  }
  if (!line.empty()) lines.push_back(line);
}

// What is drawn here, and has to fit: not what lies behind smoothed curves.
Plot without_raw(Plot plot) {
  for (PlotCurve& curve : plot.curves) curve.raw.clear();
  return plot;
}

}  // namespace

std::vector<std::string> plot_text(const Plot& whole, size_t width, size_t rows, bool colours) {
  const Plot plot = without_raw(whole);
  rows = std::max<size_t>(rows, 2);
  const Axis y = y_axis(plot, std::min<size_t>(5, rows / 2));
  size_t gutter = 1;
  for (const Tick& tick : y.ticks) gutter = std::max(gutter, characters_of(tick.label) + 1);
  const size_t columns = std::max<size_t>(width, gutter + 12) - gutter - 1;
  const Axis x = x_axis(plot, std::min<size_t>(6, columns / 10));
  const bool letters = !colours && plot.curves.size() > 1;
  Canvas canvas(columns, rows);
  for (size_t i = 0; i < plot.curves.size(); ++i) draw(canvas, plot.curves[i], i, x, y);
  for (size_t i = 0; i < plot.curves.size(); ++i) draw_marks(canvas, plot.curves[i], i, x);

  std::vector<std::string> labels(rows);
  for (const Tick& tick : y.ticks) labels[canvas.row_of(y.at(tick.value))] = tick.label;
  std::vector<std::string> lines{
      fmt::format("{}{}, by {}", printable(plot.title), plot.is_log ? " (log)" : "", printable(plot.x_label))};
  for (size_t row = 0; row < rows; ++row) {
    const std::string& label = labels[row];
    lines.push_back(std::string(gutter - 1 - characters_of(label), ' ') + label + (label.empty() ? " │" : " ┤") +
                    canvas.row(row, colours, letters));
  }
  std::vector<bool> ticked(columns);
  for (const Tick& tick : x.ticks) ticked[canvas.column_of(x.at(tick.value))] = true;
  std::string axis = std::string(gutter, ' ') + "└";
  for (const bool tick : ticked) axis += tick ? "┬" : "─";
  lines.push_back(axis);
  lines.push_back(label_row(x, canvas, gutter + 1, width));
  append_legend(lines, plot, width, colours, letters);
  return lines;
}

}  // namespace stet::tracking
