// The machine's measured peak of fused multiply-adds, which products are compared with.
#pragma once

#include <benchmark/benchmark.h>

/// GFLOP/s of fused multiply-adds on registers, on all of `threads` threads at once; T is float or double.
template <class T> double measured_peak(int threads);

/// Adds GFLOP/s, and the share of the peak on as many threads, to a benchmark whose iteration does `flops` operations.
template <class T> void report_flops(benchmark::State& state, double flops, int threads) {
  static const double peak[2] = {measured_peak<T>(1), measured_peak<T>(2)};
  using benchmark::Counter;
  state.counters["GFLOP/s"] = Counter(flops / 1e9, Counter::kIsIterationInvariantRate);
  state.counters["of_peak"] = Counter(flops / 1e9 / peak[threads - 1], Counter::kIsIterationInvariantRate);
}
