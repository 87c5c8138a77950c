// Kernels of the optimizers' steps. Arguments as in Backend.
#pragma once

#include <span>

#include "stet/cuda/queue.h"
#include "stet/tensor/backend.h"

namespace stet::cuda_kernels {

void sgd(cuda::Queue& queue, std::span<const SgdTask> tasks);
void adam(cuda::Queue& queue, std::span<const AdamTask> tasks);

}  // namespace stet::cuda_kernels
