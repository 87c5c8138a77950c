// Bits of integers. Of bool they are the logical ops, and ~ is !. No gradient.
#pragma once

#include "stet/tensor/number.h"
#include "stet/tensor/tensor.h"

namespace stet {

Tensor operator&(const Tensor& a, const Tensor& b);
Tensor operator|(const Tensor& a, const Tensor& b);
Tensor operator^(const Tensor& a, const Tensor& b);
Tensor operator~(const Tensor& x);
/// Shifts of integers; a shift by less than 0, or by the width or more, leaves no bit of x.
Tensor operator<<(const Tensor& x, const Tensor& by);
/// Copies the sign into what is shifted in.
Tensor operator>>(const Tensor& x, const Tensor& by);
// With a number, which is one of the dtype's values.
Tensor operator&(const Tensor& a, Number b);
Tensor operator|(const Tensor& a, Number b);
Tensor operator^(const Tensor& a, Number b);
Tensor operator<<(const Tensor& x, Number by);
Tensor operator>>(const Tensor& x, Number by);

}  // namespace stet
