// What other kernels of the CPU use of the element-by-element ones.
#pragma once

#include "stet/tensor/kernels.h"

namespace stet::cpu_kernels {

/// The kernel of its name, for kernels that end in a copy.
void copy(const Tensor& x, const Tensor& y);

/// y = a op b for n floats, a and b each advancing by 0 or 1 element: add to relu_gradient on the best instruction set.
void binary_floats(Binary op, const float* a, int64_t a_step, const float* b, int64_t b_step, float* y, int64_t n);
/// y = op(x) for n floats: neg, abs, relu to trunc.
void unary_floats(Unary op, const float* x, float* y, int64_t n);

}  // namespace stet::cpu_kernels
