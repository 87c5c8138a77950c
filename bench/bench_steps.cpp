// Whole training steps: forward, loss, backward, clipping where the model's recipe clips, optimizer.
//
//   bench_steps --threads 2 --model cnn
//   bench_steps --device cuda --model gpt --gpt gpu
//
// prints a line for each model in the form that bench/torch_steps.py prints. bench/compare and bench/gpu run both.
#include <sys/resource.h>
#include <time.h>

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
#include "models/unet.h"
#include "models/vit.h"
#include "step_models.h"
#include "stet/stet.h"
#include "stet/tensor/parallel.h"
#include "stet/tensor/simd/isa.h"
#include "stet/tensor/storage.h"

using namespace stet;

namespace {

struct Options {
  std::string model = "all", gpt = "cpu", device_name = "cpu";
  Device device;
  int threads = 1, steps = 0, warm_up = -1, group = 0;
  int64_t batch = 0;
  bool memory = false, cpu_time = false;

  int64_t batch_or(int64_t usual) const { return batch > 0 ? batch : usual; }
};

double milliseconds(bool of_processor) {
  using namespace std::chrono;
  if (of_processor) {
    timespec spent{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return 1e3 * static_cast<double>(spent.tv_sec) + 1e-6 * static_cast<double>(spent.tv_nsec);
  }
  return duration<double, std::milli>(steady_clock::now().time_since_epoch()).count();
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// Returns once a GPU has done all that it was asked for.
void wait_for(Device device) {
  if (device != cpu) ones({1}, DType::float32, device).item<float>();
}

// The median and the least of `samples` times after `warm_up` steps; `items` are samples or tokens a step. A group's
// time is shared by its steps: on the CPU where a step is too short for the clock, on a GPU because it works through a
// group before anyone waits for it, as in training.
void measure(const Options& options, const std::string& name, int samples, int warm_up, int64_t items,
             const std::function<void()>& step, int group_on_cpu = 1) {
  if (options.steps > 0) samples = options.steps;
  if (options.warm_up >= 0) warm_up = options.warm_up;
  const int group = options.group > 0 ? options.group : options.device == cpu ? group_on_cpu : 10;
  for (int i = 0; i < warm_up; ++i) step();
  wait_for(options.device);
  const int64_t allocations = memory_stats().system_allocations;
  std::vector<double> times;
  for (int i = 0; i < samples; ++i) {
    const double start = milliseconds(options.cpu_time);
    for (int j = 0; j < group; ++j) step();
    wait_for(options.device);
    times.push_back((milliseconds(options.cpu_time) - start) / group);
  }
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2];
  const int digits = median < 0.1 ? 6 : 3;
  std::printf("%s: %.*f ms/step (min %.*f), %.0f samples-or-tokens/s\n", name.c_str(), digits, median, digits, times[0],
              static_cast<double>(items) / median * 1e3);
  if (options.memory) {
    std::printf("  allocations from the system in these steps: %lld; peak resident so far: %.0f MB\n",
                static_cast<long long>(memory_stats().system_allocations - allocations), peak_megabytes());
  }
  std::fflush(stdout);
}

// "resnet20-cifar b64 sgd" of "resnet20-cifar", 64, "sgd".
std::string title(const char* model, int64_t batch, const char* rest) {
  return std::string(model) + " b" + std::to_string(batch) + rest;
}

Tensor images(const Options& options, Stream& draws, Shape shape) {
  return normal(draws, std::move(shape)).to(options.device);
}
Tensor classes(const Options& options, Stream& draws, Shape shape, int64_t count) {
  return random_integers(draws, std::move(shape), 0, count).to(options.device);
}

void mlp(const Options& options, const Rng& rng) {
  const int64_t batch = options.batch_or(128);
  models::Mlp net(0.2, rng / "net");
  to(net, options.device);
  optim::SGD opt(net, {.lr = 0.1, .momentum = 0.9});
  Stream draws(rng / "data");
  const Tensor x = images(options, draws, {batch, 784}), y = classes(options, draws, {batch}, 10);
  measure(options, title("mlp-784-512-512-10", batch, " sgd"), 60, 10, batch,
          [&] { opt.step(backward(nn::cross_entropy(net(x), y))); });
}

void cnn(const Options& options, const Rng& rng) {
  const int64_t batch = options.batch_or(64);
  models::Cnn net(0.5, rng / "net");
  to(net, options.device);
  optim::Adam opt(net, {.lr = 1e-3});
  Stream draws(rng / "data");
  const Tensor x = images(options, draws, {batch, 1, 28, 28}), y = classes(options, draws, {batch}, 10);
  measure(options, title("cnn pytorch-mnist-example", batch, " adam"), 30, 10, batch,
          [&] { opt.step(backward(nn::cross_entropy(net(x), y))); });
}

void resnet(const Options& options, const Rng& rng) {
  const int64_t batch = options.batch_or(64);
  models::ResNet20 net(rng / "net");
  to(net, options.device);
  optim::SGD opt(net, {.lr = 0.1, .momentum = 0.9, .weight_decay = 1e-4});
  Stream draws(rng / "data");
  const Tensor x = images(options, draws, {batch, 3, 32, 32}), y = classes(options, draws, {batch}, 10);
  measure(options, title("resnet20-cifar", batch, " sgd"), 15, 4, batch,
          [&] { opt.step(backward(nn::cross_entropy(net(x), y))); });
}

void gpt(const Options& options, const Rng& rng) {
  const bool large = options.gpt == "gpu";
  models::GptShape shape;
  if (large) shape = {.block = 256, .width = 384, .heads = 6, .layers = 6, .dropout = 0.2};
  const int64_t batch = options.batch_or(large ? 64 : 12);
  models::CharGpt net(shape, rng / "net");
  to(net, options.device);
  optim::AdamW opt(net, {.lr = 1e-3, .beta2 = 0.99, .weight_decay = 0.1});
  Stream draws(rng / "data");
  const Tensor x = classes(options, draws, {batch, shape.block}, shape.vocabulary);
  const Tensor y = classes(options, draws, {batch * shape.block}, shape.vocabulary);
  const std::string name = title(("char-gpt nanoGPT-" + options.gpt).c_str(), batch,
                                 ("xT" + std::to_string(shape.block) + " adamw").c_str());
  measure(options, name, large ? 15 : 60, 10, batch * shape.block, [&] {
    Gradients gradients = backward(nn::cross_entropy(net(x).reshape({-1, shape.vocabulary}), y));
    optim::clip_norm(gradients, net, 1.0);
    opt.step(gradients);
  });
}

void lstm(const Options& options, const Rng& rng) {
  const int64_t vocabulary = 65, batch = options.batch_or(32), length = 64;
  models::CharLstm net(vocabulary, 128, rng / "net");
  to(net, options.device);
  optim::Adam opt(net);
  Stream draws(rng / "data");
  const Tensor x = one_hot(random_integers(draws, {batch, length}, 0, vocabulary), vocabulary).to(options.device);
  const Tensor y = classes(options, draws, {batch * length}, vocabulary);
  measure(options, title("lstm-128 T64", batch, " adam"), 30, 10, batch * length,
          [&] { opt.step(backward(nn::cross_entropy(net(x), y))); });
}

void gru(const Options& options, const Rng& rng) {
  const int64_t vocabulary = 65, batch = options.batch_or(32), length = 64;
  bench::CharGru net(vocabulary, 128, rng / "net");
  to(net, options.device);
  optim::Adam opt(net);
  Stream draws(rng / "data");
  const Tensor x = one_hot(random_integers(draws, {batch, length}, 0, vocabulary), vocabulary).to(options.device);
  const Tensor y = classes(options, draws, {batch * length}, vocabulary);
  measure(options, title("gru-128 T64", batch, " adam"), 30, 10, batch * length,
          [&] { opt.step(backward(nn::cross_entropy(net(x), y))); });
}

void translate(const Options& options, const Rng& rng) {
  const int64_t batch = options.batch_or(16);
  const bench::TranslatorShape shape;
  bench::Translator net(shape, rng / "net");
  to(net, options.device);
  optim::Adam opt(net, {.lr = 1e-4});
  Stream draws(rng / "data");
  const Shape words = {batch, shape.length};
  const Tensor x = classes(options, draws, words, shape.vocabulary),
               in = classes(options, draws, words, shape.vocabulary);
  const Tensor y = classes(options, draws, words, shape.vocabulary);
  const Tensor lengths = random_integers(draws, {batch}, shape.length / 2, shape.length + 1).to(options.device);
  measure(options, title("translate transformer-256", batch, "xT32 adam"), 15, 4, 2 * batch * shape.length, [&] {
    Gradients gradients = backward(nn::cross_entropy(net(x, lengths, in), y));
    optim::clip_norm(gradients, net, 1.0);
    opt.step(gradients);
  });
}

void segment(const Options& options, const Rng& rng) {
  const int64_t batch = options.batch_or(8), size = 64, kinds = 4;
  models::UNet net(3, 16, 3, kinds, rng / "net");
  to(net, options.device);
  optim::AdamW opt(net, {.lr = 1e-3});
  Stream draws(rng / "data");
  const Tensor x = images(options, draws, {batch, 3, size, size});
  const Tensor y = classes(options, draws, {batch, size, size}, kinds);
  measure(options, title("segment unet-16", batch, " adamw"), 15, 4, batch, [&] {
    opt.step(backward(nn::cross_entropy(net(x).permute({0, 2, 3, 1}), y)));
  });
}

void vit(const Options& options, const Rng& rng) {
  const int64_t batch = options.batch_or(32);
  const models::VitShape shape;
  models::Vit net(shape, rng / "net");
  to(net, options.device);
  optim::AdamW opt(net, {.lr = 1e-3, .weight_decay = 0.05});
  Stream draws(rng / "data");
  const Tensor x = images(options, draws, {batch, 3, shape.size, shape.size}), y = classes(options, draws, {batch}, 10);
  measure(options, title("vit-128 patch4", batch, " adamw"), 15, 4, batch,
          [&] { opt.step(backward(nn::cross_entropy(net(x), y))); });
}

void perceptron(const Options& options, const Rng& rng) {
  const int64_t batch = options.batch_or(32);
  bench::Perceptron net(rng / "net");
  to(net, options.device);
  optim::AdamW opt(net, {.lr = 1e-3});
  Stream draws(rng / "data");
  const Tensor x = images(options, draws, {batch, 4}), y = classes(options, draws, {batch}, 2);
  const auto step = [&] { opt.step(backward(nn::cross_entropy(net(x), y))); };
  measure(options, title("perceptron-4-64-64-2", batch, " adamw"), 200, 100, batch, step, 20);
}

void addition(const Options& options, const Rng& rng) {
  Stream draws(rng / "data");
  const Tensor x = images(options, draws, {16}), y = images(options, draws, {16});
  measure(
      options, "addition-16 x+y", 500, 100, 16, [&] { x + y; }, 200);
}

// `all` takes those that are no small ones.
struct Benchmark {
  const char* name;
  void (*run)(const Options&, const Rng&);
  bool small = false;
};
constexpr Benchmark kBenchmarks[] = {{"mlp", mlp},
                                     {"cnn", cnn},
                                     {"resnet", resnet},
                                     {"gpt", gpt},
                                     {"lstm", lstm},
                                     {"gru", gru},
                                     {"translate", translate},
                                     {"segment", segment},
                                     {"vit", vit},
                                     {"perceptron", perceptron, true},
                                     {"addition", addition, true}};

}  // namespace

void run(Options& options) {
  options.device = Device::parse(options.device_name);
  wait_for(options.device);
  set_threads(options.threads);
  std::printf("stet threads %d isa %s device %s\n", options.threads, isa().c_str(), options.device.to_string().c_str());
  for (const Benchmark& b : kBenchmarks) {
    if ((options.model == "all" && !b.small) || options.model == b.name) b.run(options, Rng(1, b.name));
  }
}

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Times training steps of the reference models.");
  std::vector<std::string> names = {"all"};
  for (const Benchmark& b : kBenchmarks) names.push_back(b.name);
  app.add_option("--model", options.model, "which model")->check(CLI::IsMember(names))->capture_default_str();
  app.add_option("--device", options.device_name, "cpu, cuda or cuda:N")->capture_default_str();
  app.add_option("--threads", options.threads, "threads of the CPU's ops")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--batch", options.batch, "samples a step; 0: each model's default")->check(CLI::Range(0, 1 << 20));
  const CLI::IsMember configurations({"cpu", "gpu"});
  app.add_option("--gpt", options.gpt, "nanoGPT's configuration for a CPU or a GPU")
      ->check(configurations)
      ->capture_default_str();
  const CLI::Range count(0, 1000000);
  app.add_option("--steps", options.steps, "steps, or groups of them, to time; 0: each model's default")->check(count);
  app.add_option("--group", options.group, "steps that are timed together; 0: 1 on the CPU, 10 on a GPU")->check(count);
  app.add_option("--warm-up", options.warm_up, "steps before the first that is timed; each model has a default")
      ->check(count);
  app.add_flag("--cpu-time", options.cpu_time,
               "time of the processors, which other programs on the machine change less");
  app.add_flag("--memory", options.memory, "print allocations and peak memory too");
  CLI11_PARSE(app, argc, argv);
  try {
    run(options);
  } catch (const Error& error) {
    std::fprintf(stderr, "bench_steps: %s\n", error.what());
    return 2;
  }
}
