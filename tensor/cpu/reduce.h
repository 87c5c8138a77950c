// Reductions of the CPU.
#pragma once

#include <vector>

#include "stet/tensor/backend.h"

namespace stet::cpu_kernels {

/// The contract's sum of a run that holds the tensor's last axis is made of blocks of so many elements.
inline constexpr int64_t kSumBlock = 1024;

void reduce(Reduce op, const Tensor& x, const std::vector<bool>& reduced, const Tensor& y);
void arg_extreme(Reduce op, const Tensor& x, int axis, const Tensor& y);

}  // namespace stet::cpu_kernels
