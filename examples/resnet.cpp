// ResNet-20 (He et al., 2016) on 32x32 colour images of ten kinds.
//
//   resnet --data DIR --epochs 100
//
// DIR holds CIFAR-10's binary files; without --data the program draws patterns of its own and keeps one in ten for
// testing.
#include <iostream>

#include "models/resnet20.h"
#include "stet/stet.h"

using namespace stet;

struct Settings {
  int epochs, batch, workers, images;
  double lr, weight_decay;
  bool augment;
  std::string data;
};

// By stochastic gradient descent with momentum; the rate falls along a half cosine to 0.
template <class Train, class Test> void train(Run& run, const Settings& s, const Train& images, const Test& test) {
  const Rng rng = run.rng();
  data::Loader loader(images,
                      {.batch = s.batch, .shuffle = rng / "shuffle", .workers = s.workers, .device = run.device()});
  models::ResNet20 net(rng / "net");
  to(net, run.device());
  const int64_t steps = s.epochs * loader.batches_per_epoch();
  optim::SGD opt(net, {.lr = s.lr, .momentum = 0.9, .weight_decay = s.weight_decay, .schedule = optim::cosine(steps)});
  Kept<double> accuracy(run, "accuracy", 0.0);

  run.track("net", net)("opt", opt)("loader", loader);
  for (auto epoch : run.epochs(s.epochs)) {
    for (auto [x, y] : run.steps(loader)) {
      const Tensor loss = nn::cross_entropy(net(x), y);
      opt.step(backward(loss));
      run.log("train/loss", loss);
    }
    accuracy = data::evaluate(nn::accuracy(net), test, {.device = run.device()});
    run.log("test/accuracy", accuracy);
    std::cout << "epoch " << epoch + 1 << ": test accuracy " << accuracy * 100 << " %\n";
  }
  std::cout << "test accuracy " << accuracy * 100 << " % on " << test.size() << " images after training on "
            << images.size() << "\n";
}

// With the usual augmentation: a window of the image framed by 4 pixels, mirrored or not.
template <class Train, class Test>
void train_augmented(Run& run, const Settings& s, const Train& images, const Test& test) {
  if (!s.augment) return train(run, s, images, test);
  const data::RandomCrop crop{.height = 32, .width = 32, .padding = 4};
  train(run, s, data::augment(images, run.rng() / "augment", crop, data::RandomFlip()), test);
}

int main(int argc, char** argv) {
  Run run(argc, argv, "resnet");
  Settings s;
  s.epochs = run.param("epochs", 10, {.above = 0, .help = "passes over the training images"});
  s.batch = run.param("batch", 64, {.above = 0, .help = "images a step"});
  s.lr = run.param("lr", 0.1, {.above = 0, .help = "highest learning rate; it falls along a half cosine"});
  s.weight_decay = run.param("weight-decay", 1e-4, {.from = 0, .help = "of every parameter"});
  s.augment = run.param("augment", true, {.help = "shift and mirror the training images at random"});
  s.images = run.param("images", 5000, {.from = 10, .help = "how many patterns to draw, where there is no --data"});
  s.data = run.path("data", "", {.help = "folder of CIFAR-10's binary files; none: patterns that the program draws"});
  s.workers =
      run.execution("workers", 0, {.from = 0, .to = 64, .help = "threads that make batches; no result depends on it"});
  const Rng rng = run.rng();  // unknown flags and --help end the program here, before anything is read
  if (!s.data.empty()) {
    const data::Images images = data::cifar10(s.data), test = data::cifar10(s.data, {.part = data::Cifar10Part::test});
    train_augmented(run, s, images, test);
  } else {
    const auto [images, test] = data::split(data::draw_patterns({.count = s.images}), {0.9, 0.1}, rng / "split");
    train_augmented(run, s, images, test);
  }
}
