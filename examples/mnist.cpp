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
  std::string data;
};

template <class Net> void train(Run& run, const Settings& s) {
  const Rng rng = run.rng();  // unknown flags and --help end the program here, before anything is read
  auto [train, test] = data::split(s.data.empty() ? data::digits() : data::mnist(s.data), {0.9, 0.1}, rng / "split");
  data::Loader loader(train,
                      {.batch = s.batch, .shuffle = rng / "shuffle", .workers = s.workers, .device = run.device()});
  Net net(s.dropout, rng / "net");
  to(net, run.device());
  optim::AdamW opt(net, {.lr = s.lr});
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
            << train.size() << "\n";
}

int main(int argc, char** argv) {
  Run run(argc, argv, "mnist");
  const auto model = run.param("model", "mlp", {.one_of = {"mlp", "cnn"}, .help = "which network"});
  const bool cnn = model == "cnn";
  Settings s;
  s.epochs = run.param("epochs", 5, {.above = 0, .help = "passes over the training images"});
  s.batch = run.param("batch", 64, {.above = 0, .help = "images a step"});
  s.lr = run.param("lr", 1e-3, {.above = 0, .help = "learning rate of AdamW"});
  s.dropout = run.param("dropout", cnn ? 0.5 : 0.2,
                        {.from = 0, .below = 1, .help = "of the hidden layers; the cnn's features have half of it"});
  s.data = run.path("data", "", {.help = "folder of MNIST's files; none: digits that the program draws"});
  s.workers =
      run.execution("workers", 0, {.from = 0, .to = 64, .help = "threads that make batches; no result depends on it"});
  if (cnn) train<models::Cnn>(run, s);
  else train<models::Mlp>(run, s);
}
