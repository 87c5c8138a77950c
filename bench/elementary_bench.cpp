// Elements a second of the elementary functions, one thread, 4096 arguments in cache, on every instruction set.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

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

void run(benchmark::State& state, const std::string& isa, stet::Elementary f) {
  stet::set_isa(isa);
  const std::vector<float> x = ramp(3);
  std::vector<float> y(kCount);
  for (auto _ : state) {
    stet::apply(f, x.data(), y.data(), kCount);
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
                   {"cos", Elementary::cos},     {"sinpi", Elementary::sinpi}, {"cospi", Elementary::cospi}};
  for (const std::string& isa : stet::available_isas()) {
    for (const auto& f : functions) {
      benchmark::RegisterBenchmark((std::string(f.name) + "/" + isa).c_str(),
                                   [isa, id = f.id](benchmark::State& state) { run(state, isa, id); });
    }
    benchmark::RegisterBenchmark(("pow/" + isa).c_str(), [isa](benchmark::State& state) { run_pow(state, isa); });
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
