// Images as PNG.
#pragma once

#include <cstdint>
#include <string>

#include "stet/tensor/tensor.h"

namespace stet::tracking {

struct Png {
  int64_t width = 0, height = 0;
  std::string bytes;
};

/// [H, W] or [1, H, W] (grey), or [3, H, W] (colour), uint8 or floating in [0, 1] (clamped, then rounded to 255 steps;
/// NaN is black). Throws UsageError on any other.
Png encode_png(const Tensor& image);

}  // namespace stet::tracking
