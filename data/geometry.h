// Transforms that move an image's pixels: other sizes, windows, turns. See transforms.h.
#pragma once

#include <cstdint>

#include "stet/tensor/ops/interpolate.h"
#include "stet/tensor/rng.h"
#include "stet/tensor/tensor.h"

namespace stet::data {

/// float32 [..., H, W] at another size: `height` x `width`, or with `shorter` the size at which the shorter side has
/// that extent and the other one is in proportion, rounded down. Filters what gets smaller (`antialias`), as
/// torchvision's Resize does. Draws nothing.
struct Resize {
  int64_t height = 0, width = 0;
  int64_t shorter = 0;
  Interpolation mode = Interpolation::bilinear;
  bool antialias = true;
  /// Throws UsageError unless either a size or a shorter side is given.
  Tensor operator()(const Tensor& x, SampleDraws& draws) const;
};

/// The middle of [..., H, W]; an odd remainder is one more at the top and left. What is smaller is framed by `fill`
/// first. Draws nothing.
struct CenterCrop {
  int64_t height, width;
  double fill = 0;
  Tensor operator()(const Tensor& x, SampleDraws& draws) const;
};

/// A random part of float32 [..., H, W] at one size, as ImageNet's networks are trained (Szegedy et al., 2015, arXiv
/// 1409.4842). The part's share of the area is uniform between `least` and `most`, its width over its height uniform
/// in logarithm between `flattest` and 1 / `flattest`; ten are tried, and where none fits it is the largest one in the
/// middle whose proportion is within these bounds.
struct RandomResizedCrop {
  int64_t height, width;
  float least = 0.08f, most = 1;
  float flattest = 0.75f;
  Interpolation mode = Interpolation::bilinear;
  bool antialias = true;
  /// Throws UsageError unless 0 < least <= most <= 1 and 0 < flattest <= 1.
  Tensor operator()(const Tensor& x, SampleDraws& draws) const;
};

/// Turns [..., H, W] upside down with a probability.
struct RandomVerticalFlip {
  float probability = 0.5f;
  Tensor operator()(const Tensor& x, SampleDraws& draws) const;
};

/// Turns float32 [..., H, W] about its centre by an angle uniform in -degrees … degrees, makes it larger by a factor
/// uniform in scale_least … scale_most, shears it along its rows by an angle in -shear … shear degrees, and moves it by
/// up to shift_x of its width and shift_y of its height; bilinearly, and `fill` comes in from outside. Takes five
/// words: of the angle, the moves along x and y, the factor, the shear.
struct RandomAffine {
  float degrees = 0;
  float shift_x = 0, shift_y = 0;
  float scale_least = 1, scale_most = 1;
  float shear = 0;
  float fill = 0;
  /// Throws UsageError unless degrees is in 0 … 180, the shifts in 0 … 1, 0 < scale_least <= scale_most and shear in
  /// 0 … 89.
  Tensor operator()(const Tensor& x, SampleDraws& draws) const;
};

}  // namespace stet::data
