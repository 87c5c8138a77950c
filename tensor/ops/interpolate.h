// Images, and anything else that is sampled on a grid, at another size.
#pragma once

#include <cstdint>
#include <vector>

#include "stet/tensor/tensor.h"

namespace stet {

enum class Interpolation {
  nearest,        ///< element floor(i · in / out), as PyTorch's nearest
  nearest_exact,  ///< the one whose middle is nearest
  linear,         ///< between two neighbours an axis
  cubic,          ///< among four neighbours an axis (Keys, 1981, with a = -0.75)
  area,           ///< the mean of what a place of the result covers: adaptive average pooling
  bilinear = linear,
  bicubic = cubic,
};

struct InterpolateOptions {
  std::vector<int64_t> size = {};  ///< the spatial extents of the result, or …
  std::vector<double> scale = {};  ///< … what they are multiplied by, and rounded down; one number is for all axes
  Interpolation mode = Interpolation::nearest;
  bool align_corners = false;  ///< of linear and cubic: the first and the last element keep their places
  bool antialias = false;      ///< of linear and cubic: filters what gets smaller, with a = -0.5, as Pillow does
};
/// x [N, C, ..] with one spatial axis or more to [N, C, size..]. Coordinates follow from the two sizes alone, whatever
/// scale they came from. Integers are taken by nearest and nearest_exact alone.
Tensor interpolate(const Tensor& x, const InterpolateOptions& options);

}  // namespace stet
