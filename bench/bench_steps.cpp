// Whole training steps: forward, loss, backward, clipping where the model's recipe clips, optimizer.
//
//   bench_steps --threads 2 --model cnn
//
// prints a line for each model in the form that bench/torch_steps.py prints. bench/compare runs both.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "models/char_gpt.h"
#include "models/char_lstm.h"
#include "models/cnn.h"
#include "models/mlp.h"
#include "models/resnet20.h"
#include "stet/stet.h"
#include "stet/tensor/parallel.h"
#include "stet/tensor/simd/isa.h"
#include "stet/tensor/storage.h"

using namespace stet;

namespace {

struct Options {
  std::string model = "all";
  int threads = 1;
  int steps = 0;
  bool memory = false;
};

double milliseconds() {
  using namespace std::chrono;
  return duration<double, std::milli>(steady_clock::now().time_since_epoch()).count();
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// The median and the least of `steps` steps' times after `warm_up` of them; `items` are samples or tokens a step.
void measure(const Options& options, const std::string& name, int steps, int warm_up, int64_t items,
             const std::function<void()>& step) {
  if (options.steps > 0) steps = options.steps;
  for (int i = 0; i < warm_up; ++i) step();
  const int64_t allocations = memory_stats().system_allocations;
  std::vector<double> times;
  for (int i = 0; i < steps; ++i) {
    const double start = milliseconds();
    step();
    times.push_back(milliseconds() - start);
  }
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2];
  std::printf("%s: %.3f ms/step (min %.3f), %.0f samples-or-tokens/s\n", name.c_str(), median, times[0],
              static_cast<double>(items) / median * 1e3);
  if (options.memory) {
    std::printf("  allocations from the system in these steps: %lld; peak resident so far: %.0f MB\n",
                static_cast<long long>(memory_stats().system_allocations - allocations), peak_megabytes());
  }
  std::fflush(stdout);
}

Tensor classes(Stream& stream, int64_t n, int64_t count) { return random_integers(stream, {n}, 0, count); }

void mlp(const Options& options, const Rng& rng) {
  models::Mlp net(0.2, rng / "net");
  optim::SGD opt(net, {.lr = 0.1, .momentum = 0.9});
  Stream draws(rng / "data");
  const Tensor x = normal(draws, {128, 784}), y = classes(draws, 128, 10);
  measure(options, "mlp-784-512-512-10 b128 sgd", 60, 10, 128,
          [&] { opt.step(backward(nn::cross_entropy(net(x), y))); });
}

void cnn(const Options& options, const Rng& rng) {
  models::Cnn net(0.5, rng / "net");
  optim::Adam opt(net, {.lr = 1e-3});
  Stream draws(rng / "data");
  const Tensor x = normal(draws, {64, 1, 28, 28}), y = classes(draws, 64, 10);
  measure(options, "cnn pytorch-mnist-example b64 adam", 30, 10, 64,
          [&] { opt.step(backward(nn::cross_entropy(net(x), y))); });
}

void resnet(const Options& options, const Rng& rng) {
  models::ResNet20 net(rng / "net");
  optim::SGD opt(net, {.lr = 0.1, .momentum = 0.9, .weight_decay = 1e-4});
  Stream draws(rng / "data");
  const Tensor x = normal(draws, {64, 3, 32, 32}), y = classes(draws, 64, 10);
  measure(options, "resnet20-cifar b64 sgd", 15, 4, 64, [&] { opt.step(backward(nn::cross_entropy(net(x), y))); });
}

void gpt(const Options& options, const Rng& rng) {
  const models::GptShape shape;
  const int64_t batch = 12;
  models::CharGpt net(shape, rng / "net");
  optim::AdamW opt(net, {.lr = 1e-3, .beta2 = 0.99, .weight_decay = 0.1});
  Stream draws(rng / "data");
  const Tensor x = random_integers(draws, {batch, shape.block}, 0, shape.vocabulary);
  const Tensor y = classes(draws, batch * shape.block, shape.vocabulary);
  measure(options, "char-gpt nanoGPT-cpu b12xT64 adamw", 60, 10, batch * shape.block, [&] {
    Gradients gradients = backward(nn::cross_entropy(net(x).reshape({-1, shape.vocabulary}), y));
    optim::clip_norm(gradients, net, 1.0);
    opt.step(gradients);
  });
}

void lstm(const Options& options, const Rng& rng) {
  const int64_t vocabulary = 65, batch = 32, length = 64;
  models::CharLstm net(vocabulary, 128, rng / "net");
  optim::Adam opt(net);
  Stream draws(rng / "data");
  const Tensor x = one_hot(random_integers(draws, {batch, length}, 0, vocabulary), vocabulary);
  const Tensor y = classes(draws, batch * length, vocabulary);
  measure(options, "lstm-128 T64 b32 adam", 30, 10, batch * length,
          [&] { opt.step(backward(nn::cross_entropy(net(x), y))); });
}

struct Benchmark {
  const char* name;
  void (*run)(const Options&, const Rng&);
};
constexpr Benchmark kBenchmarks[] = {{"mlp", mlp}, {"cnn", cnn}, {"resnet", resnet}, {"gpt", gpt}, {"lstm", lstm}};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Times training steps of the reference models.");
  std::vector<std::string> names = {"all"};
  for (const Benchmark& b : kBenchmarks) names.push_back(b.name);
  app.add_option("--model", options.model, "which model")->check(CLI::IsMember(names))->capture_default_str();
  app.add_option("--threads", options.threads, "threads of the ops")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--steps", options.steps, "steps to time; 0: as many as each model's default")->check(CLI::Range(0, 1000000));
  app.add_flag("--memory", options.memory, "print allocations and peak memory too");
  CLI11_PARSE(app, argc, argv);

  set_threads(options.threads);
  std::printf("stet threads %d isa %s\n", options.threads, isa().c_str());
  for (const Benchmark& b : kBenchmarks) {
    if (options.model == "all" || options.model == b.name) b.run(options, Rng(1, b.name));
  }
}
