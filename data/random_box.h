// Part of an image, drawn by area and shape (Szegedy et al., 2015, arXiv 1409.4842). For sources of data/ alone.
#pragma once

#include <cstdint>
#include <optional>

#include "stet/tensor/rng.h"

namespace stet::data {

struct Box {
  int64_t top, left, height, width;
};

/// What is drawn uniformly in its logarithm: as PyTorch has it for crops and for what is erased.
enum class Ratio { height_to_width, width_to_height };

/// Throws UsageError that begins with `name` unless 0 < least <= most <= 1 and 0 < flattest <= 1.
void require_box(const char* name, float least, float most, float flattest);

/// A box of `least` to `most` of an image's area, between flattest and its inverse as high as wide; none where ten
/// tries gave none that fits. Stands in a ContractFloatEnv.
std::optional<Box> random_box(int64_t h, int64_t w, float least, float most, float flattest, Ratio drawn,
                              SampleDraws& draws);

}  // namespace stet::data
