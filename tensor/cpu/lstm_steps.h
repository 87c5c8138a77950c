// What the recurrent layers' kernels work on: contiguous memory in the shapes of LstmTrace.
#pragma once

#include <cstdint>

namespace stet::cpu_kernels {

struct LstmShape {
  int64_t steps, batch, units;
};

struct LstmForward {
  const float* weight;  ///< packed, as pack_forward leaves it
  const float* bias;    ///< [4 H], or null
  float *gates, *cells, *hiddens;
  float* output;  ///< [B, T, H]
};

struct LstmBackward {
  const float* weight;  ///< packed, as pack_backward leaves it
  const float *gates, *cells;
  const float *g, *g_cell;  ///< [B, T, H] and [B, H]; either may be null
  float* d_gates;
  float* d_hidden;  ///< [B, H], or null where nobody asks for it
  float* d_cell;    ///< [B, H]
};

}  // namespace stet::cpu_kernels
