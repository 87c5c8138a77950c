// Matrix products of five models' training steps, and square ones, beside other libraries': GFLOP/s, and the share of
// the measured peak of fused multiply-adds.
#include <benchmark/benchmark.h>

#include <functional>
#include <string>
#include <vector>

#include "peak.h"
#include "product_peers.h"
#include "product_shapes.h"
#include "stet/tensor/cpu/matmul.h"
#include "stet/tensor/parallel.h"
#include "stet/tensor/storage.h"

namespace {

// c from a and b, laid out as the shape says.
std::function<void()> prepare(const ProductShape& s, const float* a, const float* b, float* c) {
  using View = stet::cpu_kernels::MatrixView<float>;
  const View left = s.transpose_a ? View{a, s.m, s.k, 1, s.m} : View{a, s.m, s.k, s.k, 1};
  const View right = s.transpose_b ? View{b, s.k, s.n, 1, s.k} : View{b, s.k, s.n, s.n, 1};
  if (s.batch == 1) return [=, n = s.n] { stet::cpu_kernels::matmul(left, right, c, n); };
  std::vector<int64_t> lefts, rights;
  for (int64_t i = 0; i < s.batch; ++i) lefts.push_back(i * s.m * s.k), rights.push_back(i * s.k * s.n);
  return [=] { stet::cpu_kernels::matmul(left, lefts, right, rights, c); };
}

void run(benchmark::State& state, const ProductShape& s, const ProductPeer& who, int threads) {
  who.set_threads(threads);
  // Memory as tensors have it.
  const auto matrix = [&](int64_t rows, int64_t cols) {
    return stet::Storage(static_cast<size_t>(s.batch * rows * cols) * sizeof(float), {});
  };
  const stet::Storage a = matrix(s.m, s.k), b = matrix(s.k, s.n), c = matrix(s.m, s.n);
  const auto data = [](const stet::Storage& storage) { return reinterpret_cast<float*>(storage.data()); };
  for (int64_t i = 0; i < s.batch * s.m * s.k; ++i) data(a)[i] = static_cast<float>(i % 17) / 17 - 0.5f;
  for (int64_t i = 0; i < s.batch * s.k * s.n; ++i) data(b)[i] = static_cast<float>(i % 13) / 13 - 0.5f;
  const std::function<void()> product = who.prepare(s, data(a), data(b), data(c));
  for (auto _ : state) {
    product();
    benchmark::ClobberMemory();
  }
  report_flops<float>(state, s.flops(), threads);
}

}  // namespace

int main(int argc, char** argv) {
  const auto set_threads = [](int n) { stet::set_threads(n); };
  for (const ProductShape& shape : product_shapes()) {
    std::vector<ProductPeer> all = {{"stet", set_threads, prepare}};
    all.insert(all.end(), product_peers().begin(), product_peers().end());
    for (int threads : {1, 2}) {
      for (const ProductPeer& who : all) {
        const std::string name = shape.name + "/threads:" + std::to_string(threads) + "/" + who.name;
        auto* one = benchmark::RegisterBenchmark(name.c_str(), run, shape, who, threads);
        if (threads > 1) one->UseRealTime();
      }
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
