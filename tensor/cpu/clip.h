// Clipping of gradients by their norm, on the CPU.
#pragma once

#include <span>

#include "stet/tensor/tensor.h"

namespace stet::cpu_kernels {

/// As Backend::clip_norm.
void clip_norm(double max_norm, std::span<const Tensor> gradients, std::span<const Tensor> to, const Tensor& norm);

}  // namespace stet::cpu_kernels
