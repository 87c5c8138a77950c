// A generative adversarial network (Goodfellow et al., 2014, arXiv 1406.2661) that learns a ring of eight heaps of
// points, with the gradient penalty of Gulrajani et al., 2017 (arXiv 1704.00028): the critic's gradient at points
// between true and made ones is held at length 1.
//
//   gan --steps 3000
//
// At the end it says how many of the eight heaps its points reach, and how many of its points lie in one.
#include <cmath>
#include <iostream>

#include "stet/stet.h"

using namespace stet;

namespace {

constexpr int64_t kHeaps = 8;
constexpr double kRadius = 2, kDeviation = 0.1;

// [8, 2]: where the heaps are.
Tensor centres() {
  const Tensor turn = arange(kHeaps, DType::float32) * (2.0 / kHeaps);
  return stack({cospi(turn), sinpi(turn)}, 1) * kRadius;
}

Tensor true_points(Stream& draws, int64_t n) {
  const Tensor heap = random_integers(draws, {n}, 0, kHeaps);
  return index_select(centres(), 0, heap) + normal(draws, {n, 2}, 0, kDeviation);
}

nn::Sequential perceptron(int64_t in, int64_t out, int64_t width, const Rng& rng) {
  return nn::Sequential(nn::Linear(in, width, rng / 0, {.activation = Activation::relu}),
                        nn::Linear(width, width, rng / 1, {.activation = Activation::relu}),
                        nn::Linear(width, out, rng / 2));
}

// How far the critic's gradient at x is from length 1. Its own gradient is wanted, so the tape is kept for it.
Tensor penalty(nn::Sequential& critic, const Tensor& x) {
  const Tensor at = watch(x);
  const Tensor slope = backward(sum(critic(at)), {.graph = true})[at];
  return mean(square(sqrt(sum(square(slope), {1}) + 1e-12) - 1));
}

// Which share of the points lies within three deviations of a heap's centre, and in how many heaps there are some.
std::pair<double, int64_t> judge(const Tensor& points) {
  const Tensor distance = sqrt(sum(square(points.unsqueeze(1) - centres()), {2}));
  const Tensor inside = min(distance, {1}) < 3 * kDeviation;
  const Tensor reached = sum(one_hot(argmin(distance, 1), kHeaps) * inside.to(DType::float32).unsqueeze(1), {0});
  return {mean(inside.to(DType::float32)).item<double>(),
          sum((reached > 0.01 * static_cast<double>(points.size(0))).to(DType::int64)).item<int64_t>()};
}

}  // namespace

int main(int argc, char** argv) {
  Run run(argc, argv, "gan");
  const auto steps = run.param("steps", 3000, {.above = 0, .help = "steps of the generator"});
  const auto batch = run.param("batch", 128, {.above = 0, .help = "points a step"});
  const auto width = run.param("width", 128, {.above = 0, .help = "units of the hidden layers"});
  const auto latent = run.param("latent", 2, {.above = 0, .help = "numbers that a point is made from"});
  const auto critics =
      run.param("critic-steps", 2, {.above = 0, .help = "steps of the critic for one of the generator"});
  const auto weight = run.param("penalty", 1.0, {.from = 0, .help = "weight of the gradient penalty"});
  const auto lr = run.param("lr", 5e-4, {.above = 0, .help = "learning rate of both Adams"});
  const Rng rng = run.rng();

  nn::Sequential generator = perceptron(latent, 2, width, rng / "generator");
  nn::Sequential critic = perceptron(2, 1, width, rng / "critic");
  to(generator, run.device());
  to(critic, run.device());
  const optim::AdamOptions options{.lr = lr, .beta1 = 0.5, .beta2 = 0.9};
  optim::Adam generator_opt(generator, options), critic_opt(critic, options);
  Stream data(rng / "data"), noise(rng / "noise"), between(rng / "between");
  const auto made = [&](int64_t n) { return generator(normal(noise, {n, latent}).to(run.device())); };

  run.track("generator", generator)("critic", critic)("generator-opt", generator_opt)("critic-opt", critic_opt);
  for (int64_t step : run.steps(steps)) {
    for (int64_t i = 0; i < critics; ++i) {
      const Tensor real = true_points(data, batch).to(run.device()), fake = made(batch).detach();
      const Tensor share = uniform(between, {batch, 1}).to(run.device());
      const Tensor of_real = mean(critic(real)), of_fake = mean(critic(fake)), distance = of_real - of_fake;
      const Tensor loss = penalty(critic, real * share + fake * (1 - share)) * weight - distance;
      critic_opt.step(backward(loss, critic));
      if (i + 1 == critics) run.log("critic/distance", distance);
    }
    const Tensor loss = -mean(critic(made(batch)));
    generator_opt.step(backward(loss, generator));
    run.log("generator/loss", loss);
    if ((step + 1) % 500 != 0 && step + 1 != steps) continue;
    const Evaluation evaluation;
    const auto [share, heaps] = judge(made(1000).to(cpu));
    run.log("points/in-a-heap", share);
    run.log("heaps", static_cast<double>(heaps));
    std::cout << "step " << step + 1 << ": " << heaps << " of " << kHeaps << " heaps, " << share * 100
              << " % of the points in one\n";
  }
}
