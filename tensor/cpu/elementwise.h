// Element-by-element kernels of the CPU.
#pragma once

#include "stet/tensor/backend.h"

namespace stet::cpu_kernels {

void copy(const Tensor& x, const Tensor& y);
void fill(double value, const Tensor& y);
void unary(Unary op, const Tensor& x, const Tensor& y);
void binary(Binary op, const Tensor& a, const Tensor& b, const Tensor& y);
void where(const Tensor& condition, const Tensor& a, const Tensor& b, const Tensor& y);

/// y = a op b for n floats, a and b each advancing by 0 or 1 element: add to relu_gradient on the best instruction set.
void binary_floats(Binary op, const float* a, int64_t a_step, const float* b, int64_t b_step, float* y, int64_t n);
/// y = op(x) for n floats: neg, abs, relu.
void unary_floats(Unary op, const float* x, float* y, int64_t n);

}  // namespace stet::cpu_kernels
