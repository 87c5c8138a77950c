// Copies of views, of whatever dtype.
#pragma once

#include "stet/tensor/tensor.h"

namespace stet::cpu_kernels {

/// y = x, of one dtype and shape.
void copy_elements(const Tensor& x, const Tensor& y);

/// y[i * y_step + j] = x[j * x_step + i] for i < across_x, j < across_y, bit for bit.
void transpose_tile(const float* x, int64_t x_step, float* y, int64_t y_step, int64_t across_x, int64_t across_y);

}  // namespace stet::cpu_kernels
