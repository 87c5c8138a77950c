// The GPU that the tests of the CUDA backend use: emulated on the CPU in cuda_test, a real one in cuda_gpu_test.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>

#include "stet/tensor/device.h"
#ifdef STET_CUDA_EMULATED
#include "stet/cuda/emulation/block.h"
#endif

namespace stet::testing {

/// Without such a GPU no test runs (main.cpp).
inline Device device() { return {Device::Kind::cuda, 0}; }

/// Runs `check` under several drawn orders of blocks, warps and lanes; on a real GPU, which has its own, once.
inline void in_orders(const std::function<void()>& check) {
#ifdef STET_CUDA_EMULATED
  for (uint64_t seed : {1, 2, 3}) {
    SCOPED_TRACE("order " + std::to_string(seed));
    cuda::emulation::set_order(seed);
    check();
  }
#else
  check();
#endif
}

}  // namespace stet::testing
