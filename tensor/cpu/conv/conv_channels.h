// A correlation whose lanes are output channels.
#pragma once

#include "stet/tensor/cpu/conv/conv_correlation.h"

namespace stet {

/// Whether lanes are better output channels than output pixels: then each pixel takes only the taps that meet the
/// source, and reads it as it lies, but sums must be transposed. Only finite weights let taps that meet padding be left
/// out: such a product is a zero, and a sum that starts from +0 and ends in an addition to +0 is the same without it.
template <class T> bool suits_channel_lanes(const Correlation<T>& correlation);

/// Computes the correlation so. Chunks of k end where they end with padding.
template <class T> void correlate_channels(const Correlation<T>& correlation);

}  // namespace stet
