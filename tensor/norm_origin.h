// The value about which a row or channel is normalised: docs/numerics.md, "Batch norm and layer norm".
#pragma once

#include <cstdint>

#include "stet/tensor/host_device.h"
#include "stet/tensor/scalar_ops.h"

namespace stet {

/// The median: an outlier among the three is not chosen, so that what is left of the others keeps its bits.
STET_HOST_DEVICE inline float median_of(float a, float b, float c) {
  using scalar_ops::maximum, scalar_ops::minimum;
  return maximum(minimum(a, b), minimum(maximum(a, b), c));
}

/// Of a row of n >= 1 elements: the median of the first, the middle and the last.
STET_HOST_DEVICE inline float row_origin(const float* x, int64_t n) { return median_of(x[0], x[n / 2], x[n - 1]); }

/// Of channel k of x [n, c, p], which is not empty: the median of the first sample's first element, the middle sample's
/// middle one and the last sample's last.
STET_HOST_DEVICE inline float channel_origin(const float* x, int64_t n, int64_t c, int64_t p, int64_t k) {
  return median_of(x[k * p], x[(n / 2 * c + k) * p + p / 2], x[((n - 1) * c + k) * p + p - 1]);
}

}  // namespace stet
