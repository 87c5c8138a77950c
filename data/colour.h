// Transforms that change an image's colours. See transforms.h.
#pragma once

#include <cstdint>

#include "stet/tensor/rng.h"
#include "stet/tensor/tensor.h"

namespace stet::data {

/// float32 [3, H, W] to its brightness (0.2989 r + 0.587 g + 0.114 b), [1, H, W], or that three times. Draws nothing.
struct Grayscale {
  int64_t channels = 1;
  /// Throws UsageError unless the channels are 1 or 3.
  Tensor operator()(const Tensor& x, SampleDraws& draws) const;
};

/// float32 [3, H, W] without its colours, with a probability.
struct RandomGrayscale {
  float probability = 0.1f;
  Tensor operator()(const Tensor& x, SampleDraws& draws) const;
};

/// Changes float32 [3, H, W] with values in 0 … 1, in a random order: brightness, contrast and saturation by factors
/// uniform in max(0, 1 - n) … 1 + n (toward black, the mean brightness, the pixel's own brightness), and the hue by a
/// part of a turn uniform in -hue … hue. After each, values are clamped to 0 … 1. Takes seven words: three of the
/// order, then the factors and the turn as they are listed here.
struct ColorJitter {
  float brightness = 0, contrast = 0, saturation = 0, hue = 0;
  /// Throws UsageError on a negative one, and a hue above 0.5.
  Tensor operator()(const Tensor& x, SampleDraws& draws) const;
};

/// Blurs float32 [..., H, W] by a Gaussian whose deviation is uniform in `least` … `most` pixels, cut off at `kernel`
/// pixels; the image is mirrored about its edges.
struct GaussianBlur {
  int64_t kernel;
  float least = 0.1f, most = 2;
  /// Throws UsageError unless the kernel is odd and at most twice the image's sides, less one, and 0 < least <= most.
  Tensor operator()(const Tensor& x, SampleDraws& draws) const;
};

}  // namespace stet::data
