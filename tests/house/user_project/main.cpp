// A user's program, outside the tree: a model and a layer of its own, trained against the installed package.
#include <stet/stet.h>

using namespace stet;

// Halves the width by a product of pairs.
struct Gate : nn::Module {
  Tensor operator()(const Tensor& x) const {
    const int64_t half = x.size(1) / 2;
    return slice(x, 1, 0, half) * sigmoid(slice(x, 1, half, 2 * half));
  }
  void members(Visitor&) override {}
};

struct Net : nn::Module {
  nn::Linear in, out;
  Gate gate;
  nn::Dropout drop;

  Net(int hidden, float p, Rng rng)
      : in(784, 2 * hidden, rng / "in"), out(hidden, 10, rng / "out"), drop(p, rng / "drop") {}

  Tensor operator()(const Tensor& x) { return out(drop(gate(in(reshape(x, {x.size(0), 784}))))); }
  void members(Visitor& v) override { v("in", in)("out", out)("gate", gate)("drop", drop); }
};

int main(int argc, char** argv) {
  Run run(argc, argv, "user-program");
  auto epochs = run.param("epochs", 2, {.above = 0});
  auto batch = run.param("batch", 32, {.above = 0});
  auto lr = run.param("lr", 1e-3f, {.above = 0});

  auto [train, test] = data::split(data::draw_digits({.count = 640}), {0.9, 0.1}, run.rng() / "split");
  data::Loader loader(train, {.batch = batch, .shuffle = run.rng() / "shuffle"});
  Net net(64, 0.2f, run.rng() / "net");
  optim::AdamW opt(net, {.lr = lr});

  run.track("net", net)("opt", opt)("loader", loader);
  for (auto epoch : run.epochs(epochs)) {
    for (auto [x, y] : run.steps(loader)) {
      auto loss = nn::cross_entropy(net(x), y);
      opt.step(backward(loss));
      run.log("train/loss", loss);
    }
    run.log("test/accuracy", data::evaluate(nn::accuracy(net), test));
  }
}
