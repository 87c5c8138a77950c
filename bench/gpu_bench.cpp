// Times the ops on a GPU by its own clock: the median of samples, each of so many calls that it lasts about a
// millisecond.
//
//   gpu_bench [--device cuda:N] [--cublas LIBRARY] [--tiny] [PREFIX...]     the cases whose names begin so
//
// prints a line a case, as bench/torch_gpu.py does; bench/gpu makes tables of both. It ends with 1 if a case failed,
// with 2 where there is no GPU.
#include "gpu_bench.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <CLI/CLI.hpp>

#include "stet/cuda/timer.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"

namespace gpu_bench {
namespace {

using namespace stet;

template <class T, class Value> Tensor filled(const Setup& setup, const Shape& shape, const Value& value) {
  std::vector<T> all(static_cast<size_t>(shape.elements()));
  uint64_t state = 1;
  for (T& x : all) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    x = value(static_cast<uint32_t>(state >> 40));  // 24 bits
  }
  return Tensor::adopt(std::move(all), shape).to(setup.device);
}

struct Times {
  double median, least;  // microseconds a call
};

Times measure(const Setup& setup, const std::function<void()>& call) {
  cuda::Timer timer(setup.queue());
  const auto sample = [&](int calls) {
    timer.start();
    for (int i = 0; i < calls; ++i) call();
    timer.stop();
    return timer.milliseconds() / calls;
  };
  call();
  setup.queue().wait();
  if (setup.tiny) {
    const double once = 1e3 * sample(1);
    return {once, once};
  }
  const double warm_up = 50, lasting = 1, all = 300;  // milliseconds
  double one = sample(1);
  for (double spent = 0; spent < warm_up; spent += 5 * one) one = std::max(sample(5), 1e-4);
  const int calls = static_cast<int>(std::clamp(std::ceil(lasting / one), 1.0, 200.0));
  std::vector<double> times(static_cast<size_t>(std::clamp(all / (one * calls), 7.0, 51.0)));
  for (double& t : times) t = 1e3 * sample(calls);
  setup.queue().wait();
  std::sort(times.begin(), times.end());
  return {times[times.size() / 2], times[0]};
}

// Whether it could be measured.
bool run(const Setup& setup, const Case& c) {
  bool done = false;
  std::printf("%s %s: ", c.name.c_str(), c.who.c_str());
  std::fflush(stdout);
  try {
    const Times t = measure(setup, c.prepare());
    std::printf("%.3f us (min %.3f)", t.median, t.least);
    if (c.work.amount > 0) std::printf(", %.3f %s", c.work.amount / 1e3 / t.median, c.work.rate);
    done = true;
  } catch (const std::exception& error) { std::printf("failed: %s", error.what()); }
  std::printf("\n");
  std::fflush(stdout);
  return done;
}

int run_all(const Setup& setup, const std::vector<std::string>& prefixes) {
  backend(setup.device);
  Cases all;
  for (auto add : {add_peak, add_products, add_convolutions, add_memory, add_sequences}) add(all, setup);
  int failed = 0;
  for (const Case& c : all) {
    const auto begins_so = [&](const std::string& prefix) { return c.name.starts_with(prefix); };
    if (prefixes.empty() || std::any_of(prefixes.begin(), prefixes.end(), begins_so)) failed += run(setup, c) ? 0 : 1;
  }
  if (failed > 0) std::fprintf(stderr, "gpu_bench: %d cases failed\n", failed);
  return failed > 0 ? 1 : 0;
}

}  // namespace

Tensor numbers(const Setup& setup, const Shape& shape) {
  return filled<float>(setup, shape, [](uint32_t bits) { return static_cast<float>(bits) * 0x1p-24f - 0.5f; });
}
Tensor positive_numbers(const Setup& setup, const Shape& shape) {
  return filled<float>(setup, shape, [](uint32_t bits) { return static_cast<float>(bits + 1) * 0x1p-24f; });
}
Tensor indices(const Setup& setup, const Shape& shape, int64_t n) {
  return filled<int64_t>(setup, shape, [n](uint32_t bits) { return static_cast<int64_t>(bits) % n; });
}
Tensor space(const Setup& setup, const Shape& shape, DType dtype) {
  return Tensor::uninitialized(shape, dtype, setup.device);
}

}  // namespace gpu_bench

int main(int argc, char** argv) {
  gpu_bench::Setup setup;
  std::string device = "cuda";
  std::vector<std::string> prefixes;
  CLI::App app("Times the ops on a GPU.");
  app.add_option("--device", device, "cuda or cuda:N")->capture_default_str();
  app.add_option("--cublas", setup.cublas,
                 "cuBLAS's shared library, to time its products too; else where the system finds it");
  app.add_flag("--tiny", setup.tiny, "tiny sizes, each once: whether everything runs");
  app.add_option("prefix", prefixes, "the cases whose names begin so; else all");
  CLI11_PARSE(app, argc, argv);
  try {
    setup.device = stet::Device::parse(device);
    return gpu_bench::run_all(setup, prefixes);
  } catch (const stet::Error& error) {
    std::fprintf(stderr, "gpu_bench: %s\n", error.what());
    return 2;
  }
}
