// The peak of fused multiply-adds: a kernel that does nothing else.
#pragma once

#include "stet/cuda/queue.h"

namespace gpu_bench {

/// How many threads it has; each leaves a number.
int64_t peak_threads(const stet::cuda::Queue& queue);
double peak_flops(const stet::cuda::Queue& queue, int rounds);
void run_peak(stet::cuda::Queue& queue, float* to, int rounds);

}  // namespace gpu_bench
