// How digits are written: strokes of the pen, in several styles a digit.
#pragma once

#include <vector>

namespace stet::data {

/// x to the right, y down; a digit stands in 0 … 1 by 0 … 1.
struct Point {
  double x = 0, y = 0;
};

/// A smooth line of the pen through its points.
using Stroke = std::vector<Point>;
/// One style of one digit; corners are where a stroke ends and the next begins.
using Glyph = std::vector<Stroke>;

/// The styles of a digit, 0 … 9.
const std::vector<Glyph>& digit_styles(int digit);

}  // namespace stet::data
