// The strategy whose lanes are output channels: each pixel takes only the taps that meet the source, and reads it as it
// lies, but sums must be transposed.
#pragma once

#include "stet/tensor/cpu/conv/correlation.h"

namespace stet::cpu_kernels {

/// Computes the correlation so. Weights must be finite, as taps that meet padding are left out: such a product is a
/// zero, and a sum that starts from +0 and ends in an addition to +0 is the same without it. Chunks of k end where they
/// end with padding. There are at least as many output pixels as lanes. T is float or double.
template <class T> void correlate_channel_lanes(const Correlation<T>& correlation);

}  // namespace stet::cpu_kernels
