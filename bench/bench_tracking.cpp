// What tracking costs: the same training with a run around it and without one, in turn.
//
//   bench_tracking --model mlp --runs /tmp/runs [--device cuda]
//
// prints the median over pairs of (a tracked block's time / a plain block's time) - 1. A block is long enough to hold a
// state digest; a checkpoint, of which there is one a minute by default, is timed by itself.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "models/cnn.h"
#include "models/mlp.h"
#include "stet/stet.h"

using namespace stet;

namespace {

double seconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

template <class Net> struct Training {
  Training(const Rng& rng, const Tensor& images, const Tensor& labels)
      : net(on(images.device(), rng)), opt(net, {.lr = 1e-3}), x(images), y(labels) {}
  static Net on(Device device, const Rng& rng) {
    Net made(0.2, rng);
    to(made, device);
    return made;
  }
  Tensor step() {
    const Tensor loss = nn::cross_entropy(net(x), y);
    opt.step(backward(loss));
    return loss;
  }
  // Unheard by the run.
  void steps_alone(int count) {
    Recorder* heard = install_recorder(nullptr);
    for (int i = 0; i < count; ++i) step();
    install_recorder(heard);
  }
  Net net;
  optim::AdamW opt;
  Tensor x, y;
};

template <class Net> void compare(Run& run, int pairs, int block) {
  Stream draws(run.rng() / "data");
  const Tensor x = normal(draws, {64, 1, 28, 28}).to(run.device()),
               y = random_integers(draws, {64}, 0, 10).to(run.device());
  Training<Net> tracked(run.rng() / "tracked", x, y), plain(run.rng() / "plain", x, y);
  run.track("net", tracked.net)("opt", tracked.opt);
  plain.steps_alone(block);

  std::vector<double> cost;
  double start = 0;
  // The first step, by whose arithmetic the run chooses how often it digests, does nothing else; the first block, in
  // which the record is made, is not counted.
  for (const int64_t step : run.steps(int64_t{pairs + 1} * block + 2)) {
    if (step % block == 1) {
      const double with = seconds() - start;
      const double begin = seconds();
      plain.steps_alone(block);
      if (step > block + 1) cost.push_back(with / (seconds() - begin) - 1);
      start = seconds();
    }
    run.log("train/loss", tracked.step());
  }
  std::sort(cost.begin(), cost.end());
  std::printf("tracking costs %.2f %% of a step (median of %zu pairs of %d steps; quartiles %.2f to %.2f)\n",
              100 * median(cost), cost.size(), block, 100 * cost[cost.size() / 4], 100 * cost[cost.size() * 3 / 4]);
}

}  // namespace

int main(int argc, char** argv) {
  Run run(argc, argv, "bench-tracking");
  const auto model = run.param("model", "mlp", {.one_of = {"mlp", "cnn"}, .help = "which network"});
  const auto pairs = run.param("pairs", 21, {.above = 0, .help = "pairs of blocks"});
  const auto block = run.param("block", 100, {.above = 0, .help = "steps of a block"});
  if (model == "cnn") compare<models::Cnn>(run, pairs, block);
  else compare<models::Mlp>(run, pairs, block);
}
