// A denoising diffusion model (Ho et al., 2020, arXiv 2006.11239) of points on a spiral: a perceptron learns which
// noise was added to a point, and points are drawn by taking noise away, step by step.
//
//   diffusion --steps 4000
//
// At the end it says how far from the spiral the drawn points are, beside pure noise's.
#include <cmath>
#include <iostream>

#include "stet/stet.h"

using namespace stet;

namespace {

constexpr int64_t kWaves = 4;  // that stand for each number a network is given

// Points of a spiral of one and a half turns at the places t in [0, 1].
Tensor spiral(const Tensor& t) {
  const Tensor radius = t * 1.5 + 0.25, turn = t * 3;
  return stack({radius * cospi(turn), radius * sinpi(turn)}, 1);
}

// Nichol and Dhariwal's schedule, 2021 (arXiv 2102.09672): what is left of a point after each of n steps, [n].
Tensor left_after(int64_t n) {
  const auto at = [&](const Tensor& step) {
    return square(cospi((step / static_cast<double>(n) + 0.008) / (2 * 1.008)));
  };
  const Tensor start = at(zeros({1}));
  return clamp(at(arange(n, DType::float32) + 1) / start, 1e-4, 1);
}

/// The noise in points x [N, 2] at steps t [N] of n.
struct Denoiser : nn::Module {
  nn::Linear in, middle, deep, out;
  double steps;

  Denoiser(int64_t width, int64_t n, const Rng& rng)
      : in(3 + 3 * 2 * kWaves, width, rng / "in"),
        middle(width, width, rng / "middle"),
        deep(width, width, rng / "deep"),
        out(width, 2, rng / "out"),
        steps(static_cast<double>(n)) {}

  Tensor operator()(const Tensor& x, const Tensor& t) const {
    const Tensor given = concatenate({x, (t.to(DType::float32) / steps).unsqueeze(1)}, 1);
    const Tensor waves = arange(kWaves, DType::float32).to(x.device()) * 0.5 + 0.5;
    const Tensor turns = (given.unsqueeze(2) * waves).flatten(1);
    Tensor h = silu(in(concatenate({given, sinpi(turns), cospi(turns)}, 1)));
    h = h + silu(middle(h));
    h = h + silu(deep(h));
    return out(h);
  }
  void members(Visitor& v) override { v("in", in)("middle", middle)("deep", deep)("out", out); }
};

// n points from noise; `left` as left_after gives it.
Tensor draw(const Denoiser& net, const Tensor& left, int64_t n, Stream& noise) {
  const Evaluation evaluation;
  const Device device = net.in.weight.value().device();
  const std::vector<float> kept = left.to_vector<float>();
  Tensor x = normal(noise, {n, 2}).to(device);
  for (auto t = static_cast<int64_t>(kept.size()) - 1; t >= 0; --t) {
    const double now = kept[static_cast<size_t>(t)], before = t == 0 ? 1 : kept[static_cast<size_t>(t - 1)];
    const double beta = 1 - now / before;
    const Tensor found = net(x, full({n}, static_cast<double>(t), DType::int64).to(device));
    // The point itself as far as it can be told, kept where points are, and from it the step before.
    const Tensor point = clamp((x - found * std::sqrt(1 - now)) / std::sqrt(now), -2, 2);
    x = point * (std::sqrt(before) * beta / (1 - now)) + x * (std::sqrt(1 - beta) * (1 - before) / (1 - now));
    if (t > 0) x = x + normal(noise, {n, 2}).to(device) * std::sqrt(beta * (1 - before) / (1 - now));
  }
  return x.to(cpu);
}

// Mean distance of points to the spiral.
double distance(const Tensor& points) {
  const Tensor curve = spiral(arange(400, DType::float32) / 399.0);
  return mean(sqrt(min(sum(square(points.unsqueeze(1) - curve), {2}), {1}))).item<double>();
}

}  // namespace

int main(int argc, char** argv) {
  Run run(argc, argv, "diffusion");
  const auto steps = run.param("steps", 4000, {.above = 0, .help = "steps of training"});
  const auto batch = run.param("batch", 256, {.above = 0, .help = "points a step"});
  const auto width = run.param("width", 128, {.above = 0, .help = "units of the hidden layers"});
  const auto noises = run.param("noise-steps", 50, {.above = 1, .help = "steps from a point to pure noise"});
  const auto lr = run.param("lr", 2e-3, {.above = 0, .help = "highest learning rate of AdamW"});
  const auto points = run.param("points", 1000, {.above = 0, .help = "points that are drawn at the end"});
  const Rng rng = run.rng();

  const Tensor left = left_after(noises);
  const Tensor signal = sqrt(left).to(run.device()), noise = sqrt(1 - left).to(run.device());
  Denoiser net(width, noises, rng / "net");
  to(net, run.device());
  optim::AdamW opt(net, {.lr = lr, .schedule = optim::cosine(steps)});
  Stream places(rng / "places"), times(rng / "times"), noisy(rng / "noise"), draws(rng / "draws");

  run.track("net", net)("opt", opt);
  for ([[maybe_unused]] int64_t step : run.steps(steps)) {
    const Tensor x = spiral(uniform(places, {batch})).to(run.device());
    const Tensor t = random_integers(times, {batch}, 0, noises).to(run.device());
    const Tensor added = normal(noisy, x.shape()).to(run.device());
    const auto at = [&](const Tensor& table) { return index_select(table, 0, t).unsqueeze(1); };
    const Tensor loss = nn::mse(net(x * at(signal) + added * at(noise), t), added);
    opt.step(backward(loss));
    run.log("train/loss", loss);
  }
  const double drawn = distance(draw(net, left, points, draws)), random = distance(normal(draws, {points, 2}));
  std::cout << "drawn points are " << drawn << " from the spiral, pure noise " << random << "\n";
}
