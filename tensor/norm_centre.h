// What a row or channel is centred by: docs/numerics.md, "Batch norm and layer norm".
#pragma once

#include <cstdint>

#include "stet/tensor/host_device.h"

namespace stet {

/// The median, and never -0: an outlier among the three is not chosen. Of NaN it is any of them: what is made of it is
/// NaN all the same. Written so that nothing branches.
STET_HOST_DEVICE inline float median_of(float a, float b, float c) {
  const float low = a < b ? a : b, high = a < b ? b : a, up_to_high = c < high ? c : high;
  return (low < up_to_high ? up_to_high : low) + 0.0f;
}

/// Of a row of n >= 1 elements: the median of its first three, the last one standing for those that it lacks. They are
/// what a kernel reads first in any case.
STET_HOST_DEVICE inline float row_origin(const float* x, int64_t n) {
  return median_of(x[0], x[n > 1 ? 1 : 0], x[n > 2 ? 2 : n - 1]);
}

/// The same of channel k of x [n, c, p], which is not empty: of its elements by sample, and within one by place.
STET_HOST_DEVICE inline float channel_origin(const float* x, int64_t n, int64_t c, int64_t p, int64_t k) {
  if (p >= 3) return row_origin(x + k * p, p);
  const int64_t last = n * p - 1, second = last < 1 ? last : 1, third = last < 2 ? last : 2;
  return median_of(x[k * p], x[(second / p * c + k) * p + second % p], x[(third / p * c + k) * p + third % p]);
}

/// A mean as a float and what its rounding left out.
struct Centre {
  float mean, rest;
};

/// origin + offset, exactly (Knuth's sum of two numbers).
STET_HOST_DEVICE inline Centre centre_of(float origin, float offset) {
  const float mean = origin + offset, part = mean - origin;
  return {mean, (origin - (mean - part)) + (offset - part)};
}

}  // namespace stet
