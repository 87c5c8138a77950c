// GB/s of what memory limits, as a share of the machine's stream bandwidth; and what calling a small op costs.
//
// Names end in /elements/threads. 2^24 floats are 64 MiB: more than the caches hold.
#include <benchmark/benchmark.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/parallel.h"
#include "stet/tensor/update.h"
#include "stream.h"

namespace stet {
namespace {

constexpr int64_t kLarge = int64_t{1} << 24;

Tensor random(Shape shape, const std::string& name) {
  Stream stream(Rng(1) / name);
  return normal(stream, std::move(shape));
}

/// Registers `body` at 1 and 2 threads. `bytes`: what an iteration must read and write.
void add(const std::string& name, double bytes, const std::function<std::function<void()>()>& setup) {
  for (const int threads : {1, 2}) {
    benchmark::RegisterBenchmark((name + "/" + std::to_string(threads)).c_str(), [=](benchmark::State& state) {
      const ::Stream& stream = measured_stream(threads);
      set_threads(threads);
      const NoGrad no_grad;
      const auto body = setup();
      body();
      for (auto _ : state) body();
      report_bytes(state, bytes, stream.triad);
    });
  }
}

void add_streams() {
  for (const int threads : {1, 2}) {
    benchmark::RegisterBenchmark(("stream/" + std::to_string(threads)).c_str(), [=](benchmark::State& state) {
      const ::Stream& s = measured_stream(threads);
      double copy = s.copy;
      for (auto _ : state) benchmark::DoNotOptimize(copy);
      state.counters["copy"] = s.copy;
      state.counters["scale"] = s.scale;
      state.counters["triad"] = s.triad;
      state.counters["copy_past"] = s.copy_past;
      state.counters["read"] = s.read;
    });
  }
}

void add_elementwise(int64_t n) {
  const auto name = [n](const char* op) { return std::string(op) + "/" + std::to_string(n); };
  const double b = 4.0 * static_cast<double>(n);
  add(name("add"), 3 * b,
      [n] { return [x = random({n}, "x"), y = random({n}, "y")] { benchmark::DoNotOptimize(x + y); }; });
  add(name("mul"), 3 * b,
      [n] { return [x = random({n}, "x"), y = random({n}, "y")] { benchmark::DoNotOptimize(x * y); }; });
  add(name("mul_number"), 2 * b, [n] { return [x = random({n}, "x")] { benchmark::DoNotOptimize(x * 3); }; });
  add(name("relu"), 2 * b, [n] { return [x = random({n}, "x")] { benchmark::DoNotOptimize(relu(x)); }; });
  add(name("relu_gradient"), 3 * b, [n] {
    return [g = random({n}, "g"), y = random({n}, "y")] { backend(cpu).binary(Binary::relu_gradient, g, y, g); };
  });
  add(name("dropout"), 2 * b, [n] {
    return [x = random({n}, "x"), stream = std::make_shared<Stream>(Rng(1) / "drop")] {
      benchmark::DoNotOptimize(dropout(x, 0.2, *stream));
    };
  });
}

void add_rows(int64_t columns) {
  const int64_t rows = kLarge / columns;
  const auto name = [=](const char* op) { return std::string(op) + "/" + std::to_string(columns); };
  const double b = 4.0 * static_cast<double>(rows * columns);
  add(name("softmax"), 2 * b, [=] {
    return [x = random({rows, columns}, "x")] { benchmark::DoNotOptimize(softmax(x)); };
  });
  add(name("softmax_gradient"), 3 * b, [=] {
    return [g = random({rows, columns}, "g"), y = random({rows, columns}, "y"), dx = zeros({rows, columns})] {
      backend(cpu).softmax_gradient(g, y, dx);
    };
  });
  add(name("cross_entropy_gradient"), 2 * b, [=] {
    return [g = ones({rows}), target = zeros({rows}, DType::int64), e = random({rows, columns}, "e"), t = ones({rows}),
            dx = zeros({rows, columns})] { backend(cpu).cross_entropy_gradient(g, target, e, t, dx); };
  });
  add(name("cross_entropy"), 2 * b, [=] {
    return [x = random({rows, columns}, "x"), y = zeros({rows}, DType::int64)] {
      benchmark::DoNotOptimize(cross_entropy_rows(x, y));
    };
  });
}

void add_sums() {
  const double b = 4.0 * kLarge;
  const auto sum_of = [](Shape shape, Axes axes) {
    return [=] { return [=, x = random(shape, "x")] { benchmark::DoNotOptimize(sum(x, axes)); }; };
  };
  add("sum/all", b, sum_of({kLarge}, {}));
  add("sum/last", b, sum_of({kLarge / 512, 512}, {-1}));
  add("sum/leading", b, sum_of({kLarge / 512, 512}, {0}));
  add("sum/planes", b, sum_of({64, 1024, 16, 16}, {0, 2, 3}));
  add("sum/leading_768x512", 4.0 * 768 * 512, sum_of({768, 512}, {0}));
  add("sum/planes_64x64x24x24", 4.0 * 64 * 64 * 24 * 24, sum_of({64, 64, 24, 24}, {0, 2, 3}));
}

void add_updates() {
  const double b = 4.0 * kLarge;
  add("sgd_momentum", 5 * b, [] {
    return [g = random({kLarge}, "g"), p = random({kLarge}, "p"), m = zeros({kLarge})]() mutable {
      update(std::vector<SgdUpdate>{{{.rate = 1e-3, .momentum = 0.9}, g, p, m}});
    };
  });
  add("adamw", 7 * b, [] {
    return [g = random({kLarge}, "g"), p = random({kLarge}, "p"), m = zeros({kLarge}), v = zeros({kLarge})]() mutable {
      const AdamStep step{.rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .decay = 1e-5};
      update(std::vector<AdamUpdate>{{step, g, p, m, v}});
    };
  });
}

void add_many() {
  // ResNet-20's 62 tensors, most of them small: 272,474 elements in all.
  const auto tensors = [] {
    std::vector<Tensor> all;
    for (int i = 0; i < 62; ++i) all.push_back(random({i % 3 == 0 ? 12000 : 64}, std::to_string(i)));
    return all;
  };
  double bytes = 0;
  for (const Tensor& t : tensors()) bytes += 4.0 * static_cast<double>(t.elements());
  add("sgd_momentum/62_tensors", 5 * bytes, [=] {
    return [g = tensors(), p = tensors(), m = tensors()]() mutable {
      std::vector<SgdUpdate> updates;
      for (size_t i = 0; i < g.size(); ++i) updates.push_back({{.rate = 1e-3, .momentum = 0.9}, g[i], p[i], m[i]});
      update(updates);
    };
  });
  add("clip_norm/62_tensors", 2 * bytes, [=] {
    return [g = tensors()]() mutable {
      std::vector<Tensor*> all;
      for (Tensor& t : g) all.push_back(&t);
      benchmark::DoNotOptimize(clip_norm(all, 1));
    };
  });
}

void add_indexing() {
  // An embedding of 65 rows for 12 x 64 positions, and the classes of a batch.
  const double b = 4.0 * 768 * 128;
  const auto positions = [] {
    std::vector<int64_t> at;
    for (int64_t i = 0; i < 768; ++i) at.push_back(i * 37 % 65);
    return Tensor::from(at);
  };
  add("index_select/768x128", 2 * b, [=] {
    return [x = random({65, 128}, "x"), at = positions()] { benchmark::DoNotOptimize(index_select(x, 0, at)); };
  });
  add("index_add/768x128", b, [=] {
    return [g = random({1, 768, 128}, "g"), at = positions(), y = zeros({1, 65, 128})] {
      backend(cpu).index_add(g, at, y);
    };
  });
  add("argmax/64x10", 4.0 * 640, [] { return [x = random({64, 10}, "x")] { benchmark::DoNotOptimize(argmax(x)); }; });
  add("argmax/768x1000", 4.0 * 768000, [] {
    return [x = random({768, 1000}, "x")] { benchmark::DoNotOptimize(argmax(x)); };
  });
}

void add_overheads() {
  benchmark::RegisterBenchmark("overhead/add", [](benchmark::State& state) {
    const NoGrad no_grad;
    const Tensor a = ones({1}), b = ones({1});
    for (auto _ : state) benchmark::DoNotOptimize(a + b);
  });
  benchmark::RegisterBenchmark("overhead/add_taped", [](benchmark::State& state) {
    const Tensor a = watch(ones({1})), b = watch(ones({1}));
    for (auto _ : state) benchmark::DoNotOptimize(a + b);
  });
  benchmark::RegisterBenchmark("overhead/mul_number_taped", [](benchmark::State& state) {
    const Tensor a = watch(ones({1}));
    for (auto _ : state) benchmark::DoNotOptimize(a * 2);
  });
  benchmark::RegisterBenchmark("overhead/add_backward", [](benchmark::State& state) {
    const Tensor a = watch(ones({1})), b = watch(ones({1}));
    for (auto _ : state) benchmark::DoNotOptimize(backward(a + b));
  });
}

}  // namespace
}  // namespace stet

int main(int argc, char** argv) {
  stet::add_streams();
  stet::add_elementwise(stet::kLarge);
  stet::add_elementwise(1 << 16);
  for (const int64_t columns : {65, 1000, 4096}) stet::add_rows(columns);
  stet::add_sums();
  stet::add_updates();
  stet::add_many();
  stet::add_indexing();
  stet::add_overheads();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
