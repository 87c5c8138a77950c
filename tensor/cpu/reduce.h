// Reductions of the CPU.
#pragma once

#include <vector>

#include "stet/tensor/backend.h"

namespace stet::cpu_kernels {

/// The contract's sum of a run that holds the tensor's last axis: blocks of kSumBlock, each over kSumLanes lanes.
inline constexpr int64_t kSumBlock = 1024, kSumLanes = 32;
/// The contract's sum of any other run: chains of kSumChain.
inline constexpr int64_t kSumChain = 64;

void reduce(Reduce op, const Tensor& x, const std::vector<bool>& reduced, const Tensor& y);
void arg_extreme(Reduce op, const Tensor& x, int axis, const Tensor& y);

}  // namespace stet::cpu_kernels
