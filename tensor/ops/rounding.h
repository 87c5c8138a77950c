// Rounding, division with a remainder, and what kind of number an element is.
#pragma once

#include "stet/tensor/number.h"
#include "stet/tensor/tensor.h"

namespace stet {

// Of float32 and float64; integers are returned as they are. -0 and what rounds to zero from below give -0. They have
// no gradient.
Tensor floor(const Tensor& x);
Tensor ceil(const Tensor& x);
/// Halves to even.
Tensor round(const Tensor& x);
/// Toward zero.
Tensor trunc(const Tensor& x);

// Division by an integer 0 throws DataError.
/// a / b rounded down. No gradient.
Tensor floor_divide(const Tensor& a, const Tensor& b);
Tensor floor_divide(const Tensor& a, Number b);
/// What floor_divide leaves: of b's sign, as Python's %.
Tensor remainder(const Tensor& a, const Tensor& b);
Tensor remainder(const Tensor& a, Number b);
/// What division toward zero leaves: of a's sign, as C's %. Exact.
Tensor fmod(const Tensor& a, const Tensor& b);
Tensor fmod(const Tensor& a, Number b);

// bool; of an integer false, false and true.
Tensor isnan(const Tensor& x);
Tensor isinf(const Tensor& x);
Tensor isfinite(const Tensor& x);

}  // namespace stet
