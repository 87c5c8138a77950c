// Philox4x32-10 on many counters at once.
#pragma once

#include <cstdint>

#include "stet/tensor/rng.h"

namespace stet::cpu_kernels {

/// Words of elements 4 * first … 4 * (first + blocks) - 1 of a draw. `blocks` is a multiple of 16.
void philox_words(const Draw& draw, int64_t first, int64_t blocks, uint32_t* words);

}  // namespace stet::cpu_kernels
