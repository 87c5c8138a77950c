// The machine's measured memory bandwidth, which kernels that are limited by memory are compared with.
#pragma once

#include <benchmark/benchmark.h>

/// Best GB/s, read and written bytes counted, of arrays that no cache holds, on `threads` threads at once.
struct Stream {
  double copy;       ///< a[i] = b[i]
  double scale;      ///< a[i] = s b[i]
  double triad;      ///< a[i] = b[i] + s c[i]
  double copy_past;  ///< a[i] = b[i], its stores going past the caches
  double read;       ///< the sum of b[i]
};
const Stream& measured_stream(int threads);

/// Adds GB/s, and the share of `bandwidth` (GB/s), to a benchmark whose iteration reads and writes `bytes` bytes.
inline void report_bytes(benchmark::State& state, double bytes, double bandwidth) {
  using benchmark::Counter;
  state.counters["GB/s"] = Counter(bytes / 1e9, Counter::kIsIterationInvariantRate);
  state.counters["of_stream"] = Counter(bytes / 1e9 / bandwidth, Counter::kIsIterationInvariantRate);
}
