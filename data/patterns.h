// Colour images that Stet draws itself, so that there is something to train on without a download.
#pragma once

#include <cstdint>

#include "stet/data/images.h"

namespace stet::data {

struct PatternsOptions {
  int64_t count = 5000;
  uint64_t seed = 1;
};

/// Draws figures of ten kinds, [3, 32, 32]: disc, ring, square, frame, triangle, diamond, plus, upright stripes, level
/// stripes and checks, of any place, size, turn and colours, over a shaded ground, with soft edges and noise. Image i
/// depends on the seed and i alone, to the byte on every machine. The record has no files. Throws UsageError if count
/// is not between 1 and 10 million.
Images draw_patterns(const PatternsOptions& options = {});

}  // namespace stet::data
