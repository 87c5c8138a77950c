// Which of convolution's strategies computes a problem. No choice shows in the result.
#pragma once

#include "stet/tensor/cpu/conv/correlation.h"
#include "stet/tensor/window.h"

namespace stet::cpu_kernels {

/// Computes the correlation, by the numerics contract's chunks of k. T is float or double.
template <class T> void correlate(const Correlation<T>& correlation);

/// dw [co, c / groups, kh, kw] from dy [n, co, oh, ow] and x [n, c, h, w]. T is float or double.
template <class T> void weight_gradient(const Window& s, const T* dy, const T* x, T* dw);

}  // namespace stet::cpu_kernels
