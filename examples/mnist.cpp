// Handwritten digits: a small multilayer perceptron, or the convolutional network of PyTorch's MNIST example.
//
//   mnist --model cnn --data DIR --epochs 10
//
// DIR holds MNIST's files, plain or .gz; without --data the program draws digits of its own. One image in ten is kept
// for testing.
#include <iostream>

#include "models/cnn.h"
#include "models/mlp.h"
#include "stet/stet.h"

using namespace stet;

struct Settings {
  int epochs, batch, workers;
  double lr, dropout;
  bool augment, falls;
  std::string data;
};

template <class Net, class Train, class Test>
void train(Run& run, const Settings& s, const Train& images, const Test& test) {
  const Rng rng = run.rng();
  data::Loader loader(images,
                      {.batch = s.batch, .shuffle = rng / "shuffle", .workers = s.workers, .device = run.device()});
  Net net(s.dropout, rng / "net");
  to(net, run.device());
  const int64_t steps = s.epochs * loader.batches_per_epoch();
  optim::AdamW opt(net, {.lr = s.lr, .schedule = s.falls ? optim::cosine(steps) : optim::constant()});
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

template <class Net> void train(Run& run, const Settings& s) {
  const Rng rng = run.rng();  // unknown flags and --help end the program here, before anything is read
  auto [images, test] = data::split(s.data.empty() ? data::digits() : data::mnist(s.data), {0.9, 0.1}, rng / "split");
  if (!s.augment) return train<Net>(run, s, images, test);
  // The same digits at other places, sizes and slants, other ones in each epoch.
  train<Net>(
      run, s,
      data::augment(
          images, rng / "augment",
          data::RandomAffine{
              .degrees = 10, .shift_x = 0.1f, .shift_y = 0.1f, .scale_least = 0.9f, .scale_most = 1.1f, .shear = 10}),
      test);
}

int main(int argc, char** argv) {
  Run run(argc, argv, "mnist");
  const auto model = run.param("model", "mlp", {.one_of = {"mlp", "cnn"}, .help = "which network"});
  const bool cnn = model == "cnn";
  Settings s;
  s.augment = run.param("augment", false, {.help = "move, turn, scale and shear the training images, anew each epoch"});
  s.epochs = run.param("epochs", s.augment ? 12 : 5, {.above = 0, .help = "passes over the training images"});
  s.batch = run.param("batch", 64, {.above = 0, .help = "images a step"});
  s.lr = run.param("lr", 1e-3, {.above = 0, .help = "learning rate of AdamW"});
  s.falls = run.param("schedule", s.augment ? "cosine" : "constant",
                      {.one_of = {"constant", "cosine"}, .help = "what becomes of the rate"}) == "cosine";
  s.dropout = run.param("dropout", cnn ? 0.5 : 0.2,
                        {.from = 0, .below = 1, .help = "of the hidden layers; the cnn's features have half of it"});
  s.data = run.path("data", "", {.help = "folder of MNIST's files; none: digits that the program draws"});
  s.workers =
      run.execution("workers", 0, {.from = 0, .to = 64, .help = "threads that make batches; no result depends on it"});
  if (cnn) train<models::Cnn>(run, s);
  else train<models::Mlp>(run, s);
}
