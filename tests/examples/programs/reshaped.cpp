// A program whose model was changed after its run began: with RESHAPED set, one layer has another shape and one another
// name.
#include <cstdlib>

#include "stet/stet.h"

using namespace stet;

struct Net : nn::Module {
  const bool reshaped;
  nn::Linear in, out;

  Net(bool changed, const Rng& rng)
      : reshaped(changed), in(3, changed ? 5 : 4, rng / "in"), out(changed ? 5 : 4, 1, rng / "out") {}

  Tensor operator()(const Tensor& x) { return out(tanh(in(x))); }
  void members(Visitor& v) override { v("in", in)(reshaped ? "fresh" : "old", out); }
};

int main(int argc, char** argv) {
  Run run(argc, argv, "reshaped");
  Net net(std::getenv("RESHAPED") != nullptr, run.rng() / "net");
  optim::SGD opt(net, {.lr = 0.1});
  run.track("net", net)("opt", opt);
  for ([[maybe_unused]] const int64_t step : run.steps(10)) opt.step(backward(mean(square(net(ones({2, 3}))))));
}
