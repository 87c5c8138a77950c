// How Linear and Conv2d draw their parameters unless told otherwise.
#pragma once

#include "stet/tensor/cell.h"
#include "stet/tensor/rng.h"

namespace stet::nn {

/// Uniform in +-1 / sqrt(fan_in): what Kaiming's uniform gives with a = sqrt 5. Its origin is the rng's path.
Parameter fan_in_uniform(const Shape& shape, int64_t fan_in, const Rng& rng, DType dtype);

}  // namespace stet::nn
