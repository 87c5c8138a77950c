// A run with something of everything in its record, as small as can be: what the tamper tests edit.
#include <fstream>

#include "stet/data/in_memory.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/ops.h"
#include "stet/tracking/run/run.h"

using namespace stet;

// A thing with a hyperparameter.
struct Decay : Stateful {
  double factor = 0.1;
  void members(Visitor& v) override { v.hyper("factor", factor); }
};

int main(int argc, char** argv) {
  Run run(argc, argv, "tampered");
  const auto lr = run.param("lr", 0.25, {.above = 0, .help = "learning rate"});
  const auto steps = run.param("steps", 6, {.from = 1});
  const auto place = run.path("place", "");
  run.execution("workers", 1);
  run.checkpoint({.every_steps = 4, .keep_last = 2});
  run.describe({.group = "edits", .tags = {"small"}, .note = "to be edited", .description = "a bit of everything"});

  auto set = data::in_memory("line", Tensor::from(std::vector<float>{1, 2}), Tensor::from(std::vector<float>{2, 4}));
  Stream random(run.rng() / "w");
  Parameter w(normal(random, {1}));
  Kept<std::string> label(run, "label", "none");
  Decay decay;
  run.track("w", w)("decay", decay);

  run.summary("loss", Best::min);
  for (const int64_t step : run.steps(steps)) {
    const auto sample = set.get(step % 2);
    const Tensor loss = mean(square(w.value() * sample[0] - sample[1]));
    w.set(w.value().detach() - backward(loss)[w] * lr * decay.factor);
    run.log("loss", loss);
    run.log("time", static_cast<double>(clock()), {.varies = true});
    if (step == 1) run.log("error", 0.5, {{"subset", "all"}});
    if (step == 2) run.log_text("note", "two steps are behind");
    if (step == 3) run.log_image("picture", ones({2, 2}) * 0.5);
    if (step == 4) run.log_histogram("weights", w.value());
    if (step == 5) run.log_vector("per class", std::vector<double>{0.25, 0.75});
    if (step != 4) continue;
    std::ofstream("table.csv") << "a,b\n1,2\n";
    run.artifact("table.csv");
    label = "late";
  }
}
