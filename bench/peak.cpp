#include "peak.h"

#include <algorithm>
#include <chrono>

#include "stet/tensor/parallel.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "peak.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "stet/tensor/simd/fma-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet_bench {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Independent chains, enough to hide the latency of two pipes.
constexpr int kChains = 12;

// Does `steps` multiply-adds on each lane of each chain; returns the number of lanes.
template <class T> int chains(int64_t steps) {
  const hn::ScalableTag<T> d;
  hn::Vec<decltype(d)> sum[kChains];
  for (auto& s : sum) s = hn::Set(d, 1);
  const auto factor = hn::Set(d, T(0.999)), term = hn::Set(d, T(1e-3));
  for (int64_t i = 0; i < steps; ++i) {
    HWY_UNROLL(16) for (int j = 0; j < kChains; ++j) sum[j] = stet::HWY_NAMESPACE::Fma(sum[j], factor, term);
  }
  auto total = sum[0];
  for (int j = 1; j < kChains; ++j) total = hn::Add(total, sum[j]);
  T sink = hn::GetLane(total);
  benchmark::DoNotOptimize(sink);
  return static_cast<int>(hn::Lanes(d));
}

}  // namespace

int chains_float(int64_t steps) { return chains<float>(steps); }
int chains_double(int64_t steps) { return chains<double>(steps); }

}  // namespace HWY_NAMESPACE
}  // namespace stet_bench
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet_bench {
namespace {

HWY_EXPORT(chains_float);
HWY_EXPORT(chains_double);

double peak(int (*chains)(int64_t), int threads) {
  constexpr int64_t steps = 2'000'000;
  constexpr int chain_count = 12;
  stet::set_threads(threads);
  double best = 0;
  for (int trial = 0; trial < 10; ++trial) {
    const int lanes = chains(1);
    const auto start = std::chrono::steady_clock::now();
    stet::parallel_for(threads, 1, [&](int64_t begin, int64_t end) { chains((end - begin) * steps); });
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::max(best, 2e-9 * chain_count * lanes * static_cast<double>(steps) * threads / seconds);
  }
  return best;
}

}  // namespace
}  // namespace stet_bench

template <> double measured_peak<float>(int threads) {
  return stet_bench::peak([](int64_t n) { return STET_DISPATCH(stet_bench::chains_float)(n); }, threads);
}
template <> double measured_peak<double>(int threads) {
  return stet_bench::peak([](int64_t n) { return STET_DISPATCH(stet_bench::chains_double)(n); }, threads);
}
#endif
