// gelu, attention and the recurrent layer in float32, at the shapes of the character models: elements a second, GFLOP/s
// of the products, and their share of the measured peak of fused multiply-adds.
#include <benchmark/benchmark.h>

#include <functional>
#include <string>

#include "peak.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/parallel.h"

namespace {

using namespace stet;

Tensor numbers(const Shape& shape, double deviation = 1) {
  Stream stream(Rng(1, "numbers"));
  return normal(stream, shape, 0, deviation);
}

Tensor space(const Shape& shape) { return Tensor::uninitialized(shape, DType::float32); }

Backend& cpu_kernels() { return backend(cpu); }

struct Work {
  double flops = 0;  // of products
  double elements = 0;
  std::function<void()> call;
};

Work gelu_work(bool gradient) {
  const Tensor x = numbers({768, 512}), g = numbers({768, 512}), y = space({768, 512}),
               one_plus_erf = space({768, 512});
  const auto n = static_cast<double>(x.elements());
  cpu_kernels().gelu(x, y, one_plus_erf);
  if (gradient) return {0, n, [=] { cpu_kernels().gelu_gradient(g, x, one_plus_erf, y); }};
  return {0, n, [=] { cpu_kernels().gelu(x, y, one_plus_erf); }};
}

// Causal; half of all pairs are seen.
Work attention_work(int64_t heads, int64_t length, int64_t width, bool gradient) {
  const Shape shape{1, heads, length, width}, rows{1, heads, length};
  const Tensor q = numbers(shape), k = numbers(shape), v = numbers(shape), g = numbers(shape), o = space(shape);
  const Tensor extremes = space(rows), totals = space(rows), dq = space(shape), dk = space(shape), dv = space(shape);
  const AttentionRule rule{0.176f, true};
  cpu_kernels().attention(rule, {q, k, v}, o, extremes, totals);
  const double pairs = static_cast<double>(heads * length * (length + 1)) / 2,
               products = 2 * pairs * static_cast<double>(width);
  if (gradient) {
    return {5 * products, pairs, [=] {
              cpu_kernels().attention_gradient(rule, {q, k, v}, o, extremes, totals, g, {dq, dk, dv}, {});
            }};
  }
  return {2 * products, pairs, [=] { cpu_kernels().attention(rule, {q, k, v}, o, extremes, totals); }};
}

// The steps alone, without the products over all of them.
Work lstm_work(int64_t steps, int64_t batch, int64_t units, bool gradient) {
  const Tensor weight = numbers({4 * units, units}, 0.05), bias = numbers({4 * units}, 0.05),
               g = numbers({batch, steps, units});
  const Tensor projected = numbers({steps, batch, 4 * units}), gates = space(projected.shape()),
               d_gates = space(gates.shape());
  const Tensor cells = zeros({steps + 1, batch, units}), hiddens = zeros({steps + 1, batch, units}),
               output = space({batch, steps, units});
  const Tensor d_cell = space({batch, units});
  cpu_kernels().copy(projected, gates);
  cpu_kernels().lstm(weight, bias, {}, {gates, cells, hiddens}, output);
  const double states = static_cast<double>(steps * batch * units), flops = 8 * states * static_cast<double>(units);
  if (gradient)
    return {flops, states, [=] {
              cpu_kernels().lstm_gradient(weight, {}, {gates, cells, hiddens}, g, {}, d_gates, {}, d_cell);
            }};
  return {flops, states, [=] { cpu_kernels().lstm(weight, bias, {}, {gates, cells, hiddens}, output); }};
}

void run(benchmark::State& state, const std::function<Work()>& make, int threads) {
  set_threads(threads);
  const Work work = make();
  for (auto _ : state) work.call();
  using benchmark::Counter;
  state.counters["elements_per_second"] = Counter(work.elements, Counter::kIsIterationInvariantRate);
  if (work.flops > 0) report_flops<float>(state, work.flops, threads);
}

}  // namespace

int main(int argc, char** argv) {
  const std::pair<const char*, std::function<Work(bool)>> cases[] = {
      {"gelu_768_512", [](bool gradient) { return gelu_work(gradient); }},
      {"attention_48_heads_64_32", [](bool gradient) { return attention_work(48, 64, 32, gradient); }},
      {"attention_12_heads_1024_64", [](bool gradient) { return attention_work(12, 1024, 64, gradient); }},
      {"lstm_64_steps_32_128", [](bool gradient) { return lstm_work(64, 32, 128, gradient); }},
  };
  for (const auto& [name, make] : cases) {
    for (bool gradient : {false, true}) {
      for (int threads : {1, 2}) {
        const std::string full =
            std::string(name) + (gradient ? "/gradient" : "/forward") + "/threads:" + std::to_string(threads);
        const auto work = [make = make, gradient] { return make(gradient); };
        auto* one =
            benchmark::RegisterBenchmark(full.c_str(), [work, threads](benchmark::State& s) { run(s, work, threads); });
        one->Unit(benchmark::kMicrosecond)->UseRealTime();
      }
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
