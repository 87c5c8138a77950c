// Several images as one.
#pragma once

#include <cstdint>

#include "stet/tensor/tensor.h"

namespace stet::data {

struct GridOptions {
  int64_t columns = 8;     ///< images a row
  int64_t padding = 2;     ///< pixels between images, and around them
  double fill = 0;         ///< of those pixels
  bool normalise = false;  ///< floating images: from their least and greatest value to 0 … 1
};

/// Images [N, C, H, W] or [N, H, W] side by side in rows, as one [C, ...]: `run.log_image("samples",
/// data::make_grid(x))`. Stays on its device. Throws UsageError on another rank, on no image, and on options out of
/// range.
Tensor make_grid(const Tensor& images, const GridOptions& options = {});

}  // namespace stet::data
