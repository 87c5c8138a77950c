// The gradient of a convolution's weight.
#pragma once

#include "stet/tensor/window.h"

namespace stet {

/// dw [co, c / groups, kh, kw] from dy [n, co, oh, ow] and x [n, c, h, w]. T is float or double.
template <class T> void weight_gradient(const Window& s, const T* dy, const T* x, T* dw);

}  // namespace stet
