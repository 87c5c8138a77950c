// Batch norm and layer norm, forward and gradient, beside the memory's bandwidth. A pass over memory counts what it
// must read and write: batch norm's forward reads x twice and writes once, its gradient reads g and x twice and writes
// once; layer norm's forward reads and writes once, its gradient reads g and x and writes once.
#include <benchmark/benchmark.h>

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "stet/tensor/backend.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/parallel.h"
#include "stream.h"

namespace {

using namespace stet;

Tensor values(const Shape& shape, const char* name) {
  stet::Stream draws(Rng(1, name));
  return normal(draws, shape);
}

// Goes round among cases that no cache holds together, as the tensors of a training step are.
template <class Case, class Body>
void run(benchmark::State& state, int threads, double bytes, const Body& body, const std::function<Case()>& make) {
  set_threads(threads);
  std::deque<Case> cases;
  do cases.push_back(make());
  while (static_cast<double>(cases.size()) * bytes < 256e6);
  size_t k = 0;
  for (auto _ : state) {
    body(cases[k++ % cases.size()]);
    benchmark::ClobberMemory();
  }
  report_bytes(state, bytes, measured_stream(threads).triad);
}

struct BatchCase {
  BatchNormInputs in;
  BatchStatistics statistics;
  Tensor y, g;
  BatchNormGradients to;

  BatchCase(const Shape& s, Activation activation, bool residual) {
    const Shape c{s[1]};
    in = {values(s, "x"), values(c, "weight"), values(c, "bias"), residual ? values(s, "residual") : Tensor(),
          1e-5,           activation};
    const auto like = [](const Shape& shape) { return Tensor::uninitialized(shape, DType::float32); };
    statistics = {like(c), like(c), like(c)};
    y = like(s), g = values(s, "g");
    to = {like(s), like(c), like(c), residual ? like(s) : Tensor()};
    forward();
    gradient();  // so that every array has its memory
  }
  void forward() { backend(cpu).batch_norm(in, y, statistics); }
  void gradient() { backend(cpu).batch_norm_gradient(in, statistics, y, g, to); }
};

struct LayerCase {
  LayerNormInputs in;
  RowStatistics statistics;
  Tensor y, g;
  LayerNormGradients to;

  explicit LayerCase(const Shape& s) {
    in = {values(s, "x"), values({s[1]}, "weight"), values({s[1]}, "bias"), 1e-5};
    const auto like = [](const Shape& shape) { return Tensor::uninitialized(shape, DType::float32); };
    statistics = {like({s[0]}), like({s[0]}), like({s[0]})};
    y = like(s), g = values(s, "g");
    to = {like(s), like({s[1]}), like({s[1]})};
    forward();
    gradient();  // so that every array has its memory
  }
  void forward() { backend(cpu).layer_norm(in, y, statistics); }
  void gradient() { backend(cpu).layer_norm_gradient(in, statistics, g, to); }
};

void add(const std::string& name, const std::function<void(benchmark::State&, int)>& body) {
  for (int threads : {1, 2}) {
    auto* one = benchmark::RegisterBenchmark((name + "/threads:" + std::to_string(threads)).c_str(),
                                             [body, threads](benchmark::State& state) { body(state, threads); });
    if (threads > 1) one->UseRealTime();
  }
}

void add_batch_norm(const std::string& name, const Shape& s, Activation activation, bool residual) {
  const Shape planes{s[0], s[1], s[2] * s[3]};
  const double floats = 4.0 * static_cast<double>(s.elements());
  const int extra = residual ? 1 : 0;
  const auto make = [=] { return BatchCase(planes, activation, residual); };
  add("batch_norm/" + name, [=](benchmark::State& state, int threads) {
    run<BatchCase>(
        state, threads, (3 + extra) * floats, [](BatchCase& c) { c.forward(); }, make);
  });
  add("batch_norm_gradient/" + name, [=](benchmark::State& state, int threads) {
    run<BatchCase>(
        state, threads, (5 + 2 * extra) * floats, [](BatchCase& c) { c.gradient(); }, make);
  });
}

void add_layer_norm(const std::string& name, const Shape& s) {
  const auto make = [=] { return LayerCase(s); };
  const double floats = 4.0 * static_cast<double>(s.elements());
  add("layer_norm/" + name, [=](benchmark::State& state, int threads) {
    run<LayerCase>(
        state, threads, 2 * floats, [](LayerCase& c) { c.forward(); }, make);
  });
  add("layer_norm_gradient/" + name, [=](benchmark::State& state, int threads) {
    run<LayerCase>(
        state, threads, 3 * floats, [](LayerCase& c) { c.gradient(); }, make);
  });
}

}  // namespace

int main(int argc, char** argv) {
  using stet::Activation;
  add_batch_norm("64x16x32x32", {64, 16, 32, 32}, Activation::none, false);
  add_batch_norm("64x16x32x32_relu", {64, 16, 32, 32}, Activation::relu, false);
  add_batch_norm("64x16x32x32_residual_relu", {64, 16, 32, 32}, Activation::relu, true);
  add_batch_norm("64x32x16x16_relu", {64, 32, 16, 16}, Activation::relu, false);
  add_batch_norm("64x64x8x8_relu", {64, 64, 8, 8}, Activation::relu, false);
  add_batch_norm("64x256x7x7_relu", {64, 256, 7, 7}, Activation::relu, false);
  add_batch_norm("32x64x112x112_relu", {32, 64, 112, 112}, Activation::relu, false);
  add_layer_norm("768x128", {768, 128});
  add_layer_norm("8192x768", {8192, 768});
  add_layer_norm("65536x1024", {65536, 1024});
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
