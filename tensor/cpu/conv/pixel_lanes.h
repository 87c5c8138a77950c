// The strategy whose lanes are output pixels: the part of an image that taps touch is copied with its padding, so that
// a tap of neighbouring pixels is one load.
#pragma once

#include "stet/tensor/cpu/conv/correlation.h"

namespace stet::cpu_kernels {

/// Computes the correlation so, whatever its shape and values. T is float or double.
template <class T> void correlate_pixel_lanes(const Correlation<T>& correlation);

}  // namespace stet::cpu_kernels
