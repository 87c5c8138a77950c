// One block of Philox4x32-10 (Salmon et al., SC'11), for the CPU and for kernels.
#pragma once

#include <cstdint>

#include "stet/tensor/contract.h"
#include "stet/tensor/host_device.h"

namespace stet {

/// The four words of a counter.
struct PhiloxBlock {
  uint32_t of[4];
};

STET_HOST_DEVICE inline PhiloxBlock philox_block(PhiloxBlock counter, uint32_t key0, uint32_t key1) {
  auto& c = counter.of;
  for (int round = 0; round < contract::kPhiloxRounds; ++round) {
    const uint64_t a = uint64_t{contract::kPhiloxFactor0} * c[0], b = uint64_t{contract::kPhiloxFactor1} * c[2];
    c[0] = static_cast<uint32_t>(b >> 32) ^ c[1] ^ key0;
    c[2] = static_cast<uint32_t>(a >> 32) ^ c[3] ^ key1;
    c[1] = static_cast<uint32_t>(b);
    c[3] = static_cast<uint32_t>(a);
    key0 += contract::kPhiloxKeyStep0;
    key1 += contract::kPhiloxKeyStep1;
  }
  return counter;
}

}  // namespace stet
