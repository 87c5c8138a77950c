#include "cuda/device.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "stet/cuda/emulation/block.h"

namespace stet::testing {

void in_orders(const std::function<void()>& check) {
  for (uint64_t seed : {1, 2, 3}) {
    SCOPED_TRACE("order " + std::to_string(seed));
    cuda::emulation::set_order(seed);
    check();
  }
}

void with_shared_memory(size_t most, const std::function<void()>& check) {
  const size_t before = cuda::emulation::most_shared();
  cuda::emulation::set_most_shared(most);
  check();
  cuda::emulation::set_most_shared(before);
}

}  // namespace stet::testing
