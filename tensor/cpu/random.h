// Random numbers of the CPU.
#pragma once

#include "stet/tensor/backend.h"

namespace stet::cpu_kernels {

void random(Distribution d, const Draw& draw, const Tensor& y);
void dropout(const Tensor& x, const Draw& draw, uint64_t threshold, double scale, const Tensor& y);

}  // namespace stet::cpu_kernels
