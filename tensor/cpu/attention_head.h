// What attention's kernels know of one head.
#pragma once

#include <cstdint>

namespace stet::cpu_kernels {

/// Rows in memory, `stride` elements apart; a row's elements lie side by side.
template <class T> struct HeadRows {
  T* data;
  int64_t stride;
  T* row(int64_t i) const { return data + i * stride; }
};

struct HeadShape {
  int64_t queries, keys;
  int64_t width, value_width;
  float scale;
  bool causal;
};

struct HeadTensors {
  HeadRows<const float> q, k, v;
  HeadRows<const float> mask;  ///< [queries, keys], added to the scores; null where there is none
  HeadRows<float> o;
  float *extremes, *totals;  ///< [queries]
};

struct HeadGradients {
  HeadRows<const float> g;
  HeadRows<float> dq, dk, dv;
  HeadRows<float> d_mask;  ///< null where nobody asks for it
};

}  // namespace stet::cpu_kernels
