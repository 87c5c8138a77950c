// Reductions of the CPU.
#pragma once

#include <vector>

#include "stet/tensor/backend.h"

namespace stet::cpu_kernels {

void reduce(Reduce op, const Tensor& x, const std::vector<bool>& reduced, const Tensor& y);
void arg_extreme(Reduce op, const Tensor& x, int axis, const Tensor& y);

}  // namespace stet::cpu_kernels
