// Elements a second of the elementary functions, one thread, 4096 arguments in cache, on every instruction set; and of
// SLEEF's, which are faithful and not correctly rounded.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "sleef_functions.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/simd/isa.h"

namespace {

constexpr int64_t kCount = 4096;

// Evenly from 0 (excluded) to `high`.
std::vector<float> ramp(float high) {
  std::vector<float> x(kCount);
  for (int64_t i = 0; i < kCount; ++i) x[i] = high * static_cast<float>(i + 1) / kCount;
  return x;
}

template <class Apply> void run(benchmark::State& state, const Apply& apply) {
  const std::vector<float> x = ramp(3);
  std::vector<float> y(kCount);
  for (auto _ : state) {
    apply(x.data(), y.data(), kCount);
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * kCount);
}

void run_pow(benchmark::State& state, const std::string& isa) {
  stet::set_isa(isa);
  const std::vector<float> x = ramp(3), y = ramp(5);
  std::vector<float> z(kCount);
  for (auto _ : state) {
    stet::pow(x.data(), y.data(), z.data(), kCount);
    benchmark::DoNotOptimize(z.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * kCount);
}

}  // namespace

int main(int argc, char** argv) {
  using stet::Elementary;
  const struct {
    const char* name;
    Elementary id;
  } functions[] = {{"exp", Elementary::exp},     {"expm1", Elementary::expm1}, {"log", Elementary::log},
                   {"log1p", Elementary::log1p}, {"tanh", Elementary::tanh},   {"sigmoid", Elementary::sigmoid},
                   {"erf", Elementary::erf},     {"sqrt", Elementary::sqrt},   {"sin", Elementary::sin},
                   {"cos", Elementary::cos},     {"sinpi", Elementary::sinpi}, {"cospi", Elementary::cospi},
                   {"tan", Elementary::tan},     {"asin", Elementary::asin},   {"acos", Elementary::acos},
                   {"atan", Elementary::atan},   {"sinh", Elementary::sinh},   {"cosh", Elementary::cosh},
                   {"log2", Elementary::log2},   {"log10", Elementary::log10}};
  for (const std::string& isa : stet::available_isas()) {
    for (const auto& f : functions) {
      benchmark::RegisterBenchmark(
          (std::string(f.name) + "/" + isa).c_str(), [isa, id = f.id](benchmark::State& state) {
            stet::set_isa(isa);
            run(state, [id](const float* x, float* y, int64_t n) { stet::apply(id, x, y, n); });
          });
    }
    benchmark::RegisterBenchmark(("pow/" + isa).c_str(), [isa](benchmark::State& state) { run_pow(state, isa); });
  }
  const auto isas = stet::available_isas();
  for (const auto& [isa, peers] : {std::pair{"avx512", sleef_avx512()}, {"avx2", sleef_avx2()}}) {
    if (std::find(isas.begin(), isas.end(), isa) == isas.end()) continue;
    for (const SleefFunction& f : peers) {
      benchmark::RegisterBenchmark((f.name + "/" + isa + "/sleef").c_str(),
                                   [f](benchmark::State& state) { run(state, f.apply); });
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
