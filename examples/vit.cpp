// A vision Transformer (Dosovitskiy et al., 2021, arXiv 2010.11929) that tells apart ten kinds of figures.
//
//   vit --data DIR --epochs 20
//
// DIR holds CIFAR-10's binary files; without --data the program draws patterns of its own.
#include <algorithm>
#include <iostream>

#include "stet/stet.h"

using namespace stet;

namespace {

struct VitShape {
  int64_t patch, width, heads, layers;
};

/// Attention and a perceptron of four widths, each behind a layer norm and added to x.
struct Layer : nn::Module {
  nn::LayerNorm norm1, norm2;
  nn::MultiHeadAttention attention;
  nn::Linear up, down;

  Layer(const VitShape& s, const Rng& rng)
      : norm1(s.width),
        norm2(s.width),
        attention(s.width, s.heads, rng / "attention", {.causal = false}),
        up(s.width, 4 * s.width, rng / "up"),
        down(4 * s.width, s.width, rng / "down") {}
  Tensor operator()(const Tensor& x) {
    const Tensor y = x + attention(norm1(x));
    return y + down(gelu(up(norm2(y))));
  }
  void members(Visitor& v) override {
    v("norm1", norm1)("attention", attention)("norm2", norm2)("up", up)("down", down);
  }
};

/// Images [N, 3, 32, 32] to logits [N, 10]: patches, their places, layers, and the mean over patches.
struct Vit : nn::Module {
  nn::Conv2d patches;
  Parameter places;
  std::vector<Layer> layers;
  nn::LayerNorm norm;
  nn::Linear head;

  Vit(const VitShape& s, const Rng& rng)
      : patches(3, s.width, s.patch, rng / "patches", {.stride = s.patch}),
        places(nn::init::normal({32 / s.patch * (32 / s.patch), s.width}, rng / "places", 0, 0.02)),
        norm(s.width),
        head(s.width, 10, rng / "head") {
    for (int64_t i = 0; i < s.layers; ++i) layers.emplace_back(s, rng / i);
  }
  Tensor operator()(const Tensor& images) {
    Tensor x = patches(images).flatten(2).transpose() + places.value();
    for (Layer& layer : layers) x = layer(x);
    return head(mean(norm(x), {1}));
  }
  void members(Visitor& v) override {
    v("patches", patches)("places", places)("layers", layers)("norm", norm)("head", head);
  }
};

}  // namespace

int main(int argc, char** argv) {
  Run run(argc, argv, "vit");
  const auto folder = run.path("data", "", {.help = "folder of CIFAR-10's files; none: patterns that are drawn"});
  const auto count = run.param("count", 3000, {.above = 9, .help = "images that are drawn where there is no folder"});
  const auto epochs = run.param("epochs", 8, {.above = 0, .help = "passes over the training images"});
  const auto batch = run.param("batch", 64, {.above = 0, .help = "images a step"});
  VitShape shape;
  shape.patch = run.param("patch", 4, {.above = 0, .to = 32, .help = "pixels along a patch; it divides 32"});
  shape.width = run.param("width", 64, {.above = 0, .help = "features of a patch"});
  shape.heads = run.param("heads", 4, {.above = 0, .help = "heads of attention; they divide the width"});
  shape.layers = run.param("layers", 4, {.above = 0, .help = "layers"});
  const auto lr = run.param("lr", 1e-3, {.above = 0, .help = "highest learning rate of AdamW"});
  const Rng rng = run.rng();
  if (32 % shape.patch != 0) raise("--patch {}: must divide 32", shape.patch);

  const auto images = folder.empty() ? data::draw_patterns({.count = count}) : data::cifar10(folder);
  auto [train, test] = data::split(images, {0.9, 0.1}, rng / "split");
  data::Loader loader(train, {.batch = batch, .shuffle = rng / "shuffle", .device = run.device()});
  Vit net(shape, rng / "net");
  to(net, run.device());
  const int64_t steps = epochs * loader.batches_per_epoch(), rise = std::max<int64_t>(1, steps / 10);
  optim::AdamW opt(net,
                   {.lr = lr, .weight_decay = 0.05, .schedule = optim::warm_up(rise, optim::cosine(steps - rise + 1))});
  Kept<double> accuracy(run, "accuracy", 0.0);

  run.track("net", net)("opt", opt)("loader", loader);
  for (auto epoch : run.epochs(epochs)) {
    for (auto [x, y] : run.steps(loader)) {
      const Tensor loss = nn::cross_entropy(net(x), y);
      opt.step(backward(loss));
      run.log("train/loss", loss);
    }
    accuracy = data::evaluate(nn::accuracy(net), test, {.device = run.device()});
    run.log("test/accuracy", accuracy);
    std::cout << "epoch " << epoch + 1 << ": test accuracy " << accuracy * 100 << " %\n";
  }
}
