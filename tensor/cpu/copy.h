// Copies of views, of whatever dtype.
#pragma once

#include "stet/tensor/tensor.h"

namespace stet::cpu_kernels {

/// y = x, of one dtype and shape.
void copy_elements(const Tensor& x, const Tensor& y);

}  // namespace stet::cpu_kernels
