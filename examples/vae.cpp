// A variational autoencoder (Kingma and Welling, 2014, arXiv 1312.6114) of handwritten digits.
//
//   vae --data DIR --epochs 20
//
// DIR holds MNIST's files, plain or .gz; without --data the program draws digits of its own. Each epoch logs an image
// of digits that the model makes up: `stet show` names them, TensorBoard shows them.
#include <iostream>

#include "stet/stet.h"

using namespace stet;

namespace {

constexpr int64_t kPixels = 28 * 28;

struct Vae : nn::Module {
  nn::Linear in, mean, log_variance, hidden, out;
  Stream noise;

  Vae(int64_t width, int64_t latent, const Rng& rng)
      : in(kPixels, width, rng / "in", {.activation = Activation::relu}),
        mean(width, latent, rng / "mean"),
        log_variance(width, latent, rng / "log_variance"),
        hidden(latent, width, rng / "hidden", {.activation = Activation::relu}),
        out(width, kPixels, rng / "out"),
        noise(rng / "noise") {}

  /// Logits of the pixels, [N, 784], of codes z [N, latent].
  Tensor decode(const Tensor& z) const { return out(hidden(z)); }

  /// The negative evidence lower bound of each image, [N]: what its pixels cost, and the divergence of its code's
  /// distribution from the standard normal one.
  Tensor loss(const Tensor& images) {
    const Tensor x = images.flatten(1), h = in(x), m = mean(h), v = log_variance(h);
    const Tensor z = m + exp(v * 0.5) * normal(noise, m.shape(), 0, 1, DType::float32, m.device());
    const Tensor pixels = sum(nn::bce_with_logits(decode(z), x, {.reduction = nn::Reduction::none}), {1});
    return pixels + sum(square(m) + exp(v) - v - 1, {1}) * 0.5;
  }
  void members(Visitor& v) override {
    v("in", in)("mean", mean)("log_variance", log_variance)("hidden", hidden)("out", out);
  }
};

// 8 x 8 digits made up from noise, side by side in one image.
Tensor made_up(const Vae& net, const Tensor& codes) {
  const Evaluation evaluation;
  const Tensor digits = sigmoid(net.decode(codes)).to(cpu).reshape({8, 8, 28, 28});
  return contiguous(digits.permute({0, 2, 1, 3})).reshape({8 * 28, 8 * 28});
}

}  // namespace

int main(int argc, char** argv) {
  Run run(argc, argv, "vae");
  const auto folder = run.path("data", "", {.help = "folder of MNIST's files; none: digits that the program draws"});
  const auto epochs = run.param("epochs", 10, {.above = 0, .help = "passes over the training images"});
  const auto batch = run.param("batch", 128, {.above = 0, .help = "images a step"});
  const auto width = run.param("width", 400, {.above = 0, .help = "units of the hidden layers"});
  const auto latent = run.param("latent", 20, {.above = 0, .help = "numbers in an image's code"});
  const auto lr = run.param("lr", 1e-3, {.above = 0, .help = "learning rate of Adam"});
  const Rng rng = run.rng();

  const auto in_unit = [](const Tensor& x, const Tensor& y) { return std::tuple(clamp(x * 0.3081 + 0.1307, 0, 1), y); };
  const auto images = data::map(folder.empty() ? data::digits() : data::mnist(folder), in_unit);
  auto [train, test] = data::split(images, {0.9, 0.1}, rng / "split");
  data::Loader loader(train, {.batch = batch, .shuffle = rng / "shuffle", .device = run.device()});
  Vae net(width, latent, rng / "net");
  to(net, run.device());
  optim::Adam opt(net, {.lr = lr});
  Stream draws(rng / "codes");
  const Tensor codes = normal(draws, {64, latent}).to(run.device());
  const auto bound = [&](const Tensor& x, const Tensor&) { return net.loss(x); };
  Kept<double> cost(run, "cost", 0.0);

  run.track("net", net)("opt", opt)("loader", loader);
  for (auto epoch : run.epochs(epochs)) {
    for (auto [x, y] : run.steps(loader)) {
      const Tensor loss = mean(net.loss(x));
      opt.step(backward(loss));
      run.log("train/bound", loss);
    }
    cost = data::evaluate(bound, test, {.device = run.device()});
    run.log("test/bound", cost);
    run.log_image("made-up", made_up(net, codes));
    std::cout << "epoch " << epoch + 1 << ": negative evidence lower bound " << cost << " nats\n";
  }
}
