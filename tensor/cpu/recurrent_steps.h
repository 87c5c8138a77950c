// What the recurrent layers' kernels work on: contiguous memory in the shapes of LstmTrace and GruTrace.
#pragma once

#include <algorithm>
#include <cstdint>

#include "stet/tensor/cpu/tiling.h"
#include "stet/tensor/cpu/workspace.h"
#include "stet/tensor/parallel.h"
#include "stet/tensor/tensor.h"

namespace stet::cpu_kernels {

struct RecurrentShape {
  int64_t steps, batch, units;
  const int64_t* lengths;  ///< of the rows; null where all have all steps

  bool has_ended(int64_t row, int64_t step) const { return lengths && step >= lengths[row]; }
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

struct GruForward {
  const float* weight;  ///< packed, as pack_forward leaves it
  const float* bias;    ///< [3 H], or null
  const float* inputs;
  float *gates, *hiddens;
  float* output;  ///< [B, T, H]
};

struct GruBackward {
  const float* weight;  ///< packed, as pack_backward leaves it
  const float *gates, *hiddens;
  const float* g;  ///< [B, T, H]
  float *d_inputs, *d_recurrent;
  float* d_hidden;  ///< [B, H]
};

template <class T> const T* data_or_null(const Tensor& x) { return x.defined() ? x.data_as<T>() : nullptr; }

/// Calls body(rows) for parts of the batch, one a thread.
template <class Body> void for_rows(const RecurrentShape& s, int64_t gates, const Body& body) {
  const int64_t work = s.steps * s.batch * gates * s.units * s.units;
  const int64_t parts = std::clamp<int64_t>(work / kLeastWork, 1, std::min<int64_t>(threads(), s.batch));
  parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(part(s.batch, parts, i, 1));
  });
}

/// Where this thread packs a weight.
inline float* recurrent_space(int64_t floats) {
  static thread_local Workspace space;
  return space.get<float>(floats);
}

}  // namespace stet::cpu_kernels
