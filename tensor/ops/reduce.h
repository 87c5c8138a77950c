// Reductions. `axes` empty means all; `keep` leaves reduced axes with extent 1.
#pragma once

#include "stet/tensor/tensor.h"

namespace stet {

/// Of uint8 and bool in int64; of other integers in their dtype, wrapping around.
Tensor sum(const Tensor& x, const Axes& axes = {}, bool keep = false);
/// sum / count, one division.
Tensor mean(const Tensor& x, const Axes& axes = {}, bool keep = false);
/// NaN wins. The gradient goes in equal shares to all elements that equal the extreme.
Tensor max(const Tensor& x, const Axes& axes = {}, bool keep = false);
Tensor min(const Tensor& x, const Axes& axes = {}, bool keep = false);
/// int64 index along an axis: the lowest of equals; the first NaN wins. No gradient.
Tensor argmax(const Tensor& x, int axis = -1, bool keep = false);
Tensor argmin(const Tensor& x, int axis = -1, bool keep = false);

}  // namespace stet
