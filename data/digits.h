// Digits that Stet draws itself, so that there is something to train on without a download.
#pragma once

#include <cstdint>
#include <filesystem>

#include "stet/data/mnist.h"

namespace stet::data {

struct DigitsOptions {
  int64_t count = 6000;
  uint64_t seed = 1;
};

/// Draws handwritten-like digits: strokes in several styles, with slant, turn, size, place, thickness, wobble and
/// noise, rendered with soft edges at 28x28. Image i depends on the seed and i alone, to the byte on every machine. The
/// record has no files. Throws UsageError if count is not between 1 and 10 million.
Images draw_digits(const DigitsOptions& options = {});

/// Writes such digits as train-images-idx3-ubyte and train-labels-idx1-ubyte in a folder, which is made. Throws
/// IoError.
void write_digits(const std::filesystem::path& folder, int64_t count, uint64_t seed);

/// Such digits read from the user's cache folder, drawn and written there the first time; drawn in memory where there
/// is no folder that can be written.
Images digits(const DigitsOptions& options = {});

}  // namespace stet::data
