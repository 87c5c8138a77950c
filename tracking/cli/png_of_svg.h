// A drawing in SVG as a picture, by librsvg and cairo where the build had them.
#pragma once

#include <string>

namespace stet::tracking::cli {

/// A PNG of it, `scale` times as large. Throws UsageError where this build has no librsvg, and where the picture would
/// be too large.
std::string png_of_svg(const std::string& svg, int scale);

}  // namespace stet::tracking::cli
