// The GPU that the tests of the CUDA backend use: emulated on the CPU in cuda_test, a real one in cuda_gpu_test.
#pragma once

#include <cstddef>
#include <functional>

#include "stet/tensor/device.h"

namespace stet::testing {

/// Without such a GPU no test runs (main.cpp).
inline Device device() { return {Device::Kind::cuda, 0}; }

/// Runs `check` under several drawn orders of blocks, warps and lanes; on a real GPU, which has its own, once.
void in_orders(const std::function<void()>& check);

/// Runs `check` where a block has at most so many bytes of shared memory; on a real GPU, which has its own, as it is.
void with_shared_memory(size_t most, const std::function<void()>& check);

}  // namespace stet::testing
