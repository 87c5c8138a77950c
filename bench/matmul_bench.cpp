// Matrix products: GFLOP/s, and the share of the measured peak of fused multiply-adds.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "peak.h"
#include "stet/tensor/cpu/matmul.h"
#include "stet/tensor/parallel.h"

namespace {

struct Product {
  const char* name;
  int64_t m, n, k;
  bool transpose_a, transpose_b;
};

// clang-format off
constexpr Product kProducts[] = {
    {"square/256", 256, 256, 256, false, false},
    {"square/512", 512, 512, 512, false, false},
    {"square/1024", 1024, 1024, 1024, false, false},
    {"square/2048", 2048, 2048, 2048, false, false},
    {"mlp/forward_1", 128, 512, 784, false, true},
    {"mlp/forward_2", 128, 512, 512, false, true},
    {"mlp/forward_3", 128, 10, 512, false, true},
    {"mlp/input_gradient_2", 128, 512, 512, false, false},
    {"mlp/input_gradient_3", 128, 512, 10, false, false},
    {"mlp/weight_gradient_1", 512, 784, 128, true, false},
    {"mlp/weight_gradient_3", 10, 512, 128, true, false},
    {"cnn/forward", 64, 128, 9216, false, true},
    {"cnn/input_gradient", 64, 9216, 128, false, false},
    {"cnn/weight_gradient", 128, 9216, 64, true, false},
    {"vector_matrix", 1, 1024, 1024, false, false},
    {"tiny", 4, 3, 8, false, false},
};
// clang-format on

template <class T> void run(benchmark::State& state, const Product& p, int threads) {
  stet::set_threads(threads);
  std::vector<T> a(p.m * p.k), b(p.k * p.n), c(p.m * p.n);
  for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<T>(i % 17) / 17 - T(0.5);
  for (size_t i = 0; i < b.size(); ++i) b[i] = static_cast<T>(i % 13) / 13 - T(0.5);
  stet::MatrixView<T> left = {a.data(), p.m, p.k, p.k, 1}, right = {b.data(), p.k, p.n, p.n, 1};
  if (p.transpose_a) left = {a.data(), p.m, p.k, 1, p.m};
  if (p.transpose_b) right = {b.data(), p.k, p.n, 1, p.k};
  for (auto _ : state) {
    stet::matmul(left, right, c.data(), p.n);
    benchmark::ClobberMemory();
  }
  report_flops<T>(state, 2.0 * p.m * p.n * p.k, threads);
}

// One thread is measured by its own time, so that a busy machine doesn't show; several by the wall's.
void add(const std::string& name, void (*run)(benchmark::State&, const Product&, int), const Product& p, int threads) {
  auto* one = benchmark::RegisterBenchmark(name.c_str(), run, p, threads);
  if (threads > 1) one->UseRealTime();
}

}  // namespace

int main(int argc, char** argv) {
  for (const Product& p : kProducts) {
    for (int threads : {1, 2}) {
      const std::string name = std::string(p.name) + "/threads:" + std::to_string(threads);
      add(name + "/float32", run<float>, p, threads);
      if (p.m == 1024) add(name + "/float64", run<double>, p, threads);
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
