// Elements chosen by a condition, by a bound, or by where they stand.
#pragma once

#include <cstdint>

#include "stet/tensor/number.h"
#include "stet/tensor/tensor.h"

namespace stet {

/// where() of a number, which becomes of the tensor's dtype as beside +.
Tensor where(const Tensor& condition, const Tensor& a, Number b);
Tensor where(const Tensor& condition, Number a, const Tensor& b);
/// x where the mask (bool, of a shape that broadcasts to x's) is false, else the number.
Tensor masked_fill(const Tensor& x, const Tensor& mask, Number value);
/// The elements at which the mask is true, in row-major order, [count]; x and mask broadcast. Waits for the device.
Tensor masked_select(const Tensor& x, const Tensor& mask);

/// minimum(maximum(x, low), high), element by element.
Tensor clamp(const Tensor& x, const Tensor& low, const Tensor& high);
/// maximum(x, low) and minimum(x, high); the gradient passes where low <= x and x <= high.
Tensor clamp_min(const Tensor& x, Number low);
Tensor clamp_max(const Tensor& x, Number high);
Tensor clamp_min(const Tensor& x, const Tensor& low);
Tensor clamp_max(const Tensor& x, const Tensor& high);

/// x [.., R, C] below and on a diagonal, +0 above it: the main diagonal, or the one `diagonal` columns to its right.
Tensor tril(const Tensor& x, int64_t diagonal = 0);
/// Above it and on it, +0 below.
Tensor triu(const Tensor& x, int64_t diagonal = 0);

}  // namespace stet
