// Handwritten digits: a small multilayer perceptron, or the convolutional network of PyTorch's MNIST example.
//
//   mnist --model cnn --data DIR --epochs 10
//
// DIR holds MNIST's files, plain or .gz; without --data the program draws digits of its own. One image in ten is kept for testing.
#include <iostream>

#include "stet/stet.h"

using namespace stet;

// 784-512-512-10.
struct Mlp : nn::Module {
  nn::Linear first, second, out;
  nn::Dropout drop1, drop2;

  Mlp(double dropout, const Rng& rng)
      : first(784, 512, rng / "first"),
        second(512, 512, rng / "second"),
        out(512, 10, rng / "out"),
        drop1(dropout, rng / "drop1"),
        drop2(dropout, rng / "drop2") {}

  Tensor operator()(const Tensor& x) {
    const Tensor h = drop1(relu(first(x.flatten(1))));
    return out(drop2(relu(second(h))));
  }
  void members(Visitor& v) override { v("first", first)("second", second)("out", out)("drop1", drop1)("drop2", drop2); }
};

// Two convolutions, a pooling, two linear layers.
struct Cnn : nn::Module {
  nn::Conv2d conv1, conv2;
  nn::Linear hidden, out;
  nn::Dropout drop1, drop2;

  Cnn(double dropout, const Rng& rng)
      : conv1(1, 32, 3, rng / "conv1"),
        conv2(32, 64, 3, rng / "conv2"),
        hidden(9216, 128, rng / "hidden"),
        out(128, 10, rng / "out"),
        drop1(dropout / 2, rng / "drop1"),
        drop2(dropout, rng / "drop2") {}

  Tensor operator()(const Tensor& x) {
    const Tensor features = max_pool2d(relu(conv2(relu(conv1(x)))), {2, 2});
    return out(drop2(relu(hidden(drop1(features).flatten(1)))));
  }
  void members(Visitor& v) override {
    v("conv1", conv1)("conv2", conv2)("hidden", hidden)("out", out)("drop1", drop1)("drop2", drop2);
  }
};

struct Settings {
  int epochs, batch, workers;
  double lr, dropout;
  std::string data;
};

template <class Net>
void train(Run& run, const Settings& s) {
  const Rng rng = run.rng();  // unknown flags and --help end the program here, before anything is read
  auto [train, test] = data::split(s.data.empty() ? data::digits() : data::mnist(s.data), {0.9, 0.1}, rng / "split");
  data::Loader loader(train, {.batch = s.batch, .shuffle = rng / "shuffle", .workers = s.workers, .device = run.device()});
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
  std::cout << "test accuracy " << accuracy * 100 << " % on " << test.size() << " images after training on " << train.size() << "\n";
}

int main(int argc, char** argv) {
  Run run(argc, argv, "mnist");
  const auto model = run.param("model", "mlp", {.one_of = {"mlp", "cnn"}, .help = "which network"});
  const bool cnn = model == "cnn";
  Settings s;
  s.epochs = run.param("epochs", 5, {.above = 0, .help = "passes over the training images"});
  s.batch = run.param("batch", 64, {.above = 0, .help = "images a step"});
  s.lr = run.param("lr", 1e-3, {.above = 0, .help = "learning rate of AdamW"});
  s.dropout = run.param("dropout", cnn ? 0.5 : 0.2, {.from = 0, .below = 1, .help = "of the hidden layers; the cnn's features have half of it"});
  s.data = run.path("data", "", {.help = "folder of MNIST's files; none: digits that the program draws"});
  s.workers = run.execution("workers", 0, {.from = 0, .to = 64, .help = "threads that make batches; no result depends on it"});
  if (cnn) train<Cnn>(run, s);
  else train<Mlp>(run, s);
}
