// Philox4x32-10 on many counters at once.
#pragma once

#include <cstdint>

#include "stet/tensor/rng.h"

namespace stet::cpu_kernels {

/// Words of elements 4 * first … 4 * (first + blocks) - 1 of a draw. `blocks` is a multiple of 16.
void philox_words(const Draw& draw, int64_t first, int64_t blocks, uint32_t* words);

/// y = word < threshold ? +0 : x * scale, element by element.
void drop_floats(const uint32_t* words, uint32_t threshold, float scale, const float* x, float* y, int64_t n);

}  // namespace stet::cpu_kernels
