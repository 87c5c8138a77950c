// A vision Transformer (Dosovitskiy et al., 2021, arXiv 2010.11929) that tells apart ten kinds of figures.
//
//   vit --data DIR --epochs 20
//
// DIR holds CIFAR-10's binary files; without --data the program draws patterns of its own.
#include <algorithm>
#include <iostream>

#include "models/vit.h"
#include "stet/stet.h"

using namespace stet;

int main(int argc, char** argv) {
  Run run(argc, argv, "vit");
  const auto folder = run.path("data", "", {.help = "folder of CIFAR-10's files; none: patterns that are drawn"});
  const auto count = run.param("count", 3000, {.above = 9, .help = "images that are drawn where there is no folder"});
  const auto epochs = run.param("epochs", 8, {.above = 0, .help = "passes over the training images"});
  const auto batch = run.param("batch", 64, {.above = 0, .help = "images a step"});
  models::VitShape shape;
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
  models::Vit net(shape, rng / "net");
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
