// Small trainings of every form that a resumed run must continue to the bit; tests kill and resume this program.
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>

#include "no_batches.h"
#include "scenario_net.h"
#include "stet/data/evaluate.h"
#include "stet/data/fingerprint.h"
#include "stet/data/in_memory.h"
#include "stet/data/loader.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/recorder.h"
#include "stet/tracking/run/run.h"

using namespace stet;
using namespace stet::scenario;

namespace {

// STET_TEST_KILL=place:n sends the process SIGKILL when it comes to that place for the n-th time, STET_TEST_INTERRUPT
// SIGINT.
void kill_point(const std::string& place) {
  static std::map<std::string, int> times;
  ++times[place];
  for (const auto& [variable, signal] :
       {std::pair("STET_TEST_KILL", SIGKILL), std::pair("STET_TEST_INTERRUPT", SIGINT)}) {
    const char* wish = std::getenv(variable);
    if (wish && wish == place + ":" + std::to_string(times[place])) ::raise(signal);
  }
}

using Data = data::InMemory<2>;
using Loader = data::Loader<Data>;

struct Setting {
  Run& run;
  int epochs;
  Data& set;
  Loader& loader;
  Net& net;
  Momentum& opt;
};

double error_of(Setting& s) {
  return data::evaluate(
      [&](const Tensor& x, const Tensor& y) {
        kill_point("evaluation");
        return sum(square(s.net(x) - y), {1});
      },
      s.set, {.batch = 40, .device = device});
}

void plain(Setting& s) {
  for (auto& epoch : s.run.epochs(s.epochs)) {
    kill_point("epoch");
    for (auto [x, y] : s.run.steps(s.loader)) {
      const Tensor loss = mean_square(s.net(x), y);
      s.opt.step(backward(loss));
      s.run.log("loss", loss);
      kill_point("step");
    }
    kill_point("tail");
    s.run.log_text("note", "epoch " + std::to_string(epoch.index()));
    s.run.log_image("weights", sigmoid(s.net.in.value().detach()));
    s.run.log("error", error_of(s), {{"subset", "all"}});
    s.run.log("epoch", static_cast<double>(epoch.index()));
  }
}

// Loses what it had reached when it is resumed: no digest knows of it.
void reached(Setting& s) {
  double steps = 0;
  for ([[maybe_unused]] auto& epoch : s.run.epochs(s.epochs)) {
    for (auto [x, y] : s.run.steps(s.loader)) {
      s.opt.step(backward(mean_square(s.net(x), y)));
      ++steps;
    }
    s.run.log("reached", steps);
  }
}

// Steps in loops that are none of the run's.
void batches(Setting& s) {
  const auto train = [&] { s.opt.step(backward(mean_square(s.net(ones_there({2, 4})), ones_there({2, 1})))); };
  train();
  for ([[maybe_unused]] auto& epoch : s.run.epochs(s.epochs)) {
    for (int i = 0; i < 4; ++i) train();
  }
}

void gan(Setting& s) {
  Net critic(6, s.run.rng() / "critic");
  Momentum critic_opt(critic, 0.02);
  s.run.track("critic", critic)("critic_opt", critic_opt);
  Stream latent(s.run.rng() / "latent");
  for (auto& epoch : s.run.epochs(s.epochs)) {
    for (auto [x, y] : s.run.steps(s.loader)) {
      const Tensor made = matmul(s.net(draw(latent, x.shape())), ones_there({1, 4}));
      const Tensor critic_loss = mean(square(critic(x) - 1.0)) + mean(square(critic(made.detach())));
      critic_opt.step(backward(critic_loss, critic));
      const Tensor loss = mean(square(critic(made) - 1.0));
      s.opt.step(backward(loss, s.net));
      s.run.log("critic", critic_loss);
      s.run.log("made", loss);
    }
    s.run.log("epoch", static_cast<double>(epoch.index()));
  }
}

void accumulate(Setting& s) {
  for ([[maybe_unused]] auto& epoch : s.run.epochs(s.epochs)) {
    for (auto [x, y] : s.run.steps(s.loader)) {
      Gradients g;
      for (int64_t i = 0; i < 4; ++i) {
        g += backward(mean_square(s.net(x.slice(0, 2 * i, 2 * i + 2)), y.slice(0, 2 * i, 2 * i + 2)) * 0.25);
      }
      s.opt.step(g);
    }
    s.run.log("error", error_of(s));
  }
}

void carry(Setting& s) {
  Kept<Tensor> carried(s.run, "carried", Tensor());
  for ([[maybe_unused]] auto& epoch : s.run.epochs(s.epochs)) {
    for (auto [x, y] : s.run.steps(s.loader)) {
      const Tensor before = carried.value().defined() ? carried.value() : zeros_there({1, 1});
      const Tensor out = s.net(x) + before * 0.5;
      carried = mean(out, {0}, true).detach();
      const Tensor loss = mean_square(out, y);
      s.opt.step(backward(loss));
      s.run.log("loss", loss);
    }
  }
}

void average(Setting& s) {
  Buffer mean_in(s.net.in.value().detach());
  s.run.track("mean_in", mean_in);
  for ([[maybe_unused]] auto& epoch : s.run.epochs(s.epochs)) {
    for (auto [x, y] : s.run.steps(s.loader)) {
      s.opt.step(backward(mean_square(s.net(x), y)));
      mean_in.set(mean_in.value() * 0.9 + s.net.in.value().detach() * 0.1);
    }
    s.run.log("average", sum(mean_in.value()));
    std::ofstream("average.txt") << sum(mean_in.value()).item<float>() << "\n";
    s.run.artifact("average.txt");
  }
  s.run.log("final average", sum(mean_in.value()));  // the last event: a GPU's value, which the run's end waits for
}

// Both loops are left by break: the inner at the 9th step of the second epoch, the outer when the error has not fallen
// twice.
void early(Setting& s) {
  Kept<double> best(s.run, "best", 1e9);
  Kept<int64_t> patience(s.run, "patience", 0);
  for (auto& epoch : s.run.epochs(s.epochs)) {
    if (patience >= 2) break;
    int64_t batch = 0;
    Kept<int64_t> seen(s.run, "seen", 0);
    for (auto [x, y] : s.run.steps(s.loader)) {
      const Tensor loss = mean_square(s.net(x), y);
      s.opt.step(backward(loss));
      s.run.log("loss", loss);
      ++seen;
      ++batch;
      if (epoch == 1 && seen == 9) break;
    }
    const double error = error_of(s);
    s.run.log("error", error);
    s.run.log("seen", static_cast<double>(seen.value()));
    patience = error < best * 0.999 ? 0 : patience + 1;
    if (error < best) best = error;
    if (patience >= 2) break;
  }
  s.run.log("best", best);
}

void epoch_mean(Setting& s) {
  for ([[maybe_unused]] auto& epoch : s.run.epochs(s.epochs)) {
    Kept<double> total(s.run, "total", 0.0);
    Kept<std::vector<double>> all(s.run, "all", {});
    for (auto [x, y] : s.run.steps(s.loader)) {
      const Tensor loss = mean_square(s.net(x), y);
      s.opt.step(backward(loss));
      total += loss.item<double>();
      all.value().push_back(loss.item<double>());
    }
    s.run.log("mean", total / static_cast<double>(all.value().size()));
  }
}

// Loops after one another, several within an epoch, and one within a step.
void nested(Setting& s) {
  for (const int64_t i : s.run.steps(5)) {
    s.opt.step(backward(mean(square(s.net(ones_there({2, 4}) * static_cast<double>(i))))));
  }
  for (auto& epoch : s.run.epochs(s.epochs)) {
    for (auto [x, y] : s.run.steps(s.loader)) {
      for (const int64_t inner : s.run.steps(2)) {
        const Tensor loss = mean_square(s.net(x), y) * (1.0 + static_cast<double>(inner));
        s.opt.step(backward(loss));
        s.run.log("inner", loss);
      }
      s.run.log("norm", sum(square(s.net.in.value().detach())));
    }
    if (epoch == 1) continue;
    for (auto [x, y] : s.run.steps(s.loader)) { s.opt.step(backward(mean_square(s.net(x), y * 0.5))); }
    s.run.log("error", error_of(s));
  }
}

// The best by a metric is kept: with a learning rate this high the error goes up and down.
void best(Setting& s) {
  for ([[maybe_unused]] auto& epoch : s.run.epochs(s.epochs)) {
    for (auto [x, y] : s.run.steps(s.loader)) s.opt.step(backward(mean_square(s.net(x), y) * 8.0));
    s.run.log("error", error_of(s));
  }
}

// Random numbers and the step asked for between loops: code that runs again when a run is resumed.
void draws(Setting& s) {
  Stream noise(s.run.rng() / "noise");
  for ([[maybe_unused]] auto& epoch : s.run.epochs(s.epochs)) {
    const Tensor shift = draw(noise, {1, 4});
    const double scale = 1.0 / (1.0 + static_cast<double>(s.run.step()));
    for (auto [x, y] : s.run.steps(s.loader)) {
      s.opt.step(backward(mean_square(s.net(x * scale + shift + draw(noise, {1, 4})), y)));
    }
    const Tensor target = draw(noise, {2, 1});
    s.run.log("target", sum(target));
    for (const int64_t i : s.run.steps(3)) {
      s.opt.step(backward(mean_square(s.net(ones_there({2, 4}) * static_cast<double>(i)), target)));
    }
  }
}

// A second training whose things are made and tracked after the first one.
void two_stages(Setting& s) {
  for (auto [x, y] : s.run.steps(s.loader)) s.opt.step(backward(mean_square(s.net(x), y)));
  Stream noise(s.run.rng() / "noise");
  const Tensor fixed = draw(noise, {8, 4});
  Net head(3, s.run.rng() / "head");
  Momentum head_opt(head, 0.01);
  s.run.track("head", head)("head_opt", head_opt);
  for (auto [x, y] : s.run.steps(s.loader)) {
    const Tensor loss = mean_square(head(x + fixed), s.net(x).detach());
    head_opt.step(backward(loss, head));
    s.run.log("head", loss);
    kill_point("second");
  }
}

// Epochs that are one step each.
void whole_set(Setting& s) {
  for (auto& epoch : s.run.epochs(s.epochs * 5)) {
    s.opt.step(backward(mean(square(s.net(ones_there({2, 4}))))));
    s.run.log("epoch", static_cast<double>(epoch.index()));
  }
}

// An exception that the program expects leaves the inner loop; another data set in each epoch.
void caught(Setting& s) {
  for (auto& epoch : s.run.epochs(s.epochs)) {
    const auto shard = data::in_memory("shard", ones({4, 1}) * static_cast<double>(epoch.index()));
    try {
      for (auto [x, y] : s.run.steps(s.loader)) {
        s.opt.step(backward(mean_square(s.net(x), y + shard.get(0)[0].to(device))));
        if (epoch == 1 && s.loader.position() == 5) throw std::runtime_error("enough of this epoch");
      }
    } catch (const std::runtime_error&) { s.run.log("caught", 1); }
    s.run.log("epoch", static_cast<double>(epoch.index()));
  }
}

// Ends within both loops.
void returns(Setting& s) {
  for ([[maybe_unused]] auto& epoch : s.run.epochs(s.epochs)) {
    for (auto [x, y] : s.run.steps(s.loader)) {
      s.opt.step(backward(mean_square(s.net(x), y)));
      if (s.run.step() == 20) return;
    }
    s.run.log("error", error_of(s));
  }
}

// The 6th step's score is the best.
void scores(Setting& s) {
  for (const int64_t i : s.run.steps(20)) {
    s.opt.step(backward(mean(square(s.net(ones_there({2, 4}))))));
    s.run.log("score", i == 5 ? 1 : -static_cast<double>(i));
  }
}

// A loop without steps: the only digest is the first one.
void nothing(Setting& s) {
  for ([[maybe_unused]] const int64_t i : s.run.steps(0)) return;
}

void learn(Setting& s, const Tensor& x) { s.opt.step(backward(mean(square(s.net(x))))); }

// Loops without iterations: first, between and last, of every kind, at every depth, and one that is left at once. What
// lies between them draws, logs and sets what is tracked.
void hollow(Setting& s) {
  Stream noise(s.run.rng() / "noise");
  NoBatches empty;
  s.run.track("empty", empty);
  const auto nothing = [&] {
    for ([[maybe_unused]] auto& epoch : s.run.epochs(0)) learn(s, ones_there({1, 4}));
    s.run.log("between", sum(draw(noise, {2})));
    s.opt.lr *= 0.9;
    kill_point("between");
    for ([[maybe_unused]] auto& batch : s.run.steps(empty)) learn(s, ones_there({1, 4}));
    for ([[maybe_unused]] const int64_t i : s.run.steps(0)) learn(s, ones_there({1, 4}));
  };
  nothing();
  for ([[maybe_unused]] const int64_t i : s.run.steps(4)) learn(s, draw(noise, {2, 4}));
  nothing();
  for ([[maybe_unused]] auto& epoch : s.run.epochs(s.epochs)) {
    for ([[maybe_unused]] const int64_t i : s.run.steps(0)) learn(s, ones_there({1, 4}));
    for (auto [x, y] : s.run.steps(s.loader)) learn(s, x + draw(noise, {1, 4}));
    for ([[maybe_unused]] auto& batch : s.run.steps(empty)) learn(s, ones_there({1, 4}));
  }
  for ([[maybe_unused]] auto& epoch : s.run.epochs(2)) break;
  for ([[maybe_unused]] const int64_t i : s.run.steps(2)) learn(s, draw(noise, {2, 4}));
  nothing();
}

// The first loop is left at once, before a step.
void left(Setting& s) {
  for ([[maybe_unused]] auto& epoch : s.run.epochs(3)) break;
  for ([[maybe_unused]] const int64_t i : s.run.steps(9)) learn(s, ones_there({2, 4}));
  for ([[maybe_unused]] const int64_t i : s.run.steps(3)) break;
}

// Exceptions that the program expects leave outermost loops with a pass half done, in front of loops without
// iterations.
void torn(Setting& s) {
  const auto step_then_throw = [&](int64_t at) {
    try {
      for (const int64_t i : s.run.steps(9)) {
        learn(s, ones_there({2, 4}));
        if (i == at) throw std::runtime_error("enough");
      }
    } catch (const std::runtime_error&) { s.run.log("caught", static_cast<double>(at)); }
  };
  step_then_throw(0);
  for ([[maybe_unused]] const int64_t i : s.run.steps(0)) return;
  kill_point("torn");
  step_then_throw(4);
  step_then_throw(0);
  for ([[maybe_unused]] auto& epoch : s.run.epochs(0)) return;
  kill_point("torn");
  for ([[maybe_unused]] const int64_t i : s.run.steps(20)) learn(s, ones_there({2, 4}));
}

// Best values, histograms by wish and by policy, vectors, and several metrics of a step.
void measures(Setting& s) {
  s.run.summary("loss", Best::min);
  s.run.summary("score", Best::max, {{"subset", "all"}});
  s.run.summary("time", Best::last);
  s.run.histograms({.every_steps = 5});
  for ([[maybe_unused]] auto& epoch : s.run.epochs(s.epochs)) {
    for (auto [x, y] : s.run.steps(s.loader)) {
      const Tensor loss = mean_square(s.net(x), y);
      s.opt.step(backward(loss));
      s.run.log("loss", loss);
      s.run.log("score", std::sin(static_cast<double>(s.run.step())), {{"subset", "all"}});
      s.run.log("time", static_cast<double>(clock()), {.varies = true});
      s.run.log("again", 1);
      kill_point("step");
    }
    s.run.log_histogram("outputs", s.net(ones_there({2, 4})));
    s.run.log_vector("per class", std::vector<double>{0.5, static_cast<double>(epoch.index()), -0.0});
  }
}

// Two loops side by side, neither within the other.
void side_by_side(Setting& s) {
  auto outer = s.run.steps(4);
  auto it = outer.begin();
  for ([[maybe_unused]] const int64_t i : s.run.steps(4)) ++it;
}

// An exception that the program catches itself.
int catches(Setting& s) {
  try {
    for (const int64_t i : s.run.steps(20)) {
      s.opt.step(backward(mean(square(s.net(ones_there({2, 4}))))));
      kill_point("step");
      if (i == 8 && std::getenv("STET_TEST_THROW")) throw std::runtime_error("in two\nlines");
    }
  } catch (const std::runtime_error&) {
    if (std::string(std::getenv("STET_TEST_THROW")) == "uncaught") throw;
    return 3;
  }
  return 0;
}

// Keeps state where no checkpoint sees it.
void outside(Setting& s) {
  double hidden = 1;
  for ([[maybe_unused]] auto& epoch : s.run.epochs(s.epochs)) {
    for (auto [x, y] : s.run.steps(s.loader)) {
      s.opt.step(backward(mean_square(s.net(x), y * hidden)));
      hidden *= 0.99;
    }
  }
}

void not_a_number(Setting& s) {
  for (const int64_t i : s.run.steps(12)) {
    const double factor = i == 8 ? std::numeric_limits<double>::quiet_NaN() : 1.0;
    s.opt.step(backward(mean(square(s.net(ones_there({2, 4})))) * factor));
  }
}

// Not the loss, but a metric of the 9th step.
void metric_not_a_number(Setting& s) {
  for (const int64_t i : s.run.steps(12)) {
    const Tensor loss = mean(square(s.net(ones_there({2, 4}))));
    s.opt.step(backward(loss));
    s.run.log("score", loss * (i == 8 ? std::numeric_limits<double>::quiet_NaN() : 1.0));
  }
}

// In the first step.
void not_a_number_at_once(Setting& s) {
  for ([[maybe_unused]] const int64_t i : s.run.steps(12))
    s.opt.step(backward(mean(square(s.net(ones_there({2, 4})))) * std::numeric_limits<double>::quiet_NaN()));
}

// A time that is declared to differ each time, and one that is not.
void times(Setting& s) {
  for ([[maybe_unused]] const int64_t i : s.run.steps(4)) {
    s.opt.step(backward(mean(square(s.net(ones_there({2, 4}))))));
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    s.run.log("declared", static_cast<double>(now), {.varies = true});
    s.run.log("undeclared", static_cast<double>(now % 1'000'000));
    s.run.log_text("when", std::to_string(now));
  }
}

// Names something within a loop, where a resumed run could not restore it.
void late(Setting& s) {
  double sum = 0;
  for (const int64_t i : s.run.steps(4)) {
    if (i == 1) s.run.track("sum", sum);
    s.opt.step(backward(mean(square(s.net(ones_there({2, 4}))))));
  }
}

// The program catches that, and trains on.
void recovers(Setting& s) {
  try {
    metric_not_a_number(s);
  } catch (const TrainingError&) { s.run.log_text("note", "caught"); }
  for ([[maybe_unused]] const int64_t i : s.run.steps(3)) s.opt.step(backward(mean(square(s.net(ones_there({2, 4}))))));
}

// Catches, three times, whatever ends its loop: a break at a loss that is none, or what a resume is refused with.
void insists(Setting& s) {
  const char* steps = std::getenv("STET_TEST_STEPS");
  for (int tries = 0; tries < 3; ++tries) try {
      for (const int64_t i : s.run.steps(steps ? std::atoi(steps) : 12)) {
        const bool is_bad = i == 8 && std::getenv("STET_TEST_THROW");
        const Tensor loss = mean(square(s.net(ones_there({2, 4})))) * (is_bad ? std::nan("") : 1.0);
        s.opt.step(backward(loss));
        if (is_bad) break;
      }
      return;
    } catch (const Error&) {}
}

// The program catches that, and prints what it was told.
void tells(Setting& s) {
  try {
    not_a_number(s);
  } catch (const TrainingError& e) { std::printf("%s\n", e.what()); }
}

// A mistake that a kernel finds, at the 9th step.
void fault(Setting& s) {
  for (const int64_t i : s.run.steps(40)) {
    const Tensor index = Tensor::from(std::vector<int64_t>{3, i == 8 ? int64_t{4} : 0}).to(device);
    s.opt.step(backward(mean(square(s.net(ones_there({2, 4}))) + mean(index_select(s.net.in.value(), 0, index)))));
  }
}

// Keeps a megabyte more with each step.
void grows(Setting& s) {
  std::vector<Tensor> kept;
  for ([[maybe_unused]] const int64_t i : s.run.steps(10)) {
    kept.push_back(ones_there({512, 512}));
    s.opt.step(backward(mean(square(s.net(ones_there({2, 4}))))));
  }
}

}  // namespace

int main(int argc, char** argv) {
  Run run(argc, argv, std::getenv("STET_TEST_NAME") ? std::getenv("STET_TEST_NAME") : "scenario");
  const auto form =
      run.param("form", "plain",
                {.one_of = {"plain",      "gan",      "accumulate", "carry",  "average", "early",       "mean",
                            "nested",     "best",     "draws",      "stages", "whole",   "caught",      "returns",
                            "scores",     "nothing",  "measures",   "side",   "catches", "outside",     "nan",
                            "nan metric", "recovers", "tells",      "fault",  "grows",   "nan at once", "times",
                            "late",       "hollow",   "left",       "torn",   "reached", "batches",     "insists"}});
  const auto epochs = run.param("epochs", 3, {.above = 0});
  const auto lr = run.param("lr", 0.05f, {.above = 0, .help = "learning rate"});
  const auto hidden = run.param("hidden", 5, {.above = 0});
  run.param("widths", {4, 2}, {.above = 0, .help = "of layers that it has not"});
  run.param("api-key", "", {.help = "of a service that the scenario has no use for"});
  if (form == "scores") run.checkpoint({.every_steps = 3, .keep_last = 1, .best_metric = "score"});
  if (const char* seconds = std::getenv("STET_TEST_RESOURCES")) run.resources(std::atof(seconds));
  if (std::getenv("STET_TEST_DESCRIBE")) {
    run.describe({.name = "waves", .group = "first", .tags = {"a", "b"}, .note = "why", .description = "sines"});
    run.describe({.tags = {"b", "c"}, .note = std::getenv("STET_TEST_DESCRIBE")});
  }
  const auto place = run.path("data", "");
  if (form == "best")
    run.checkpoint({.every_steps = 4, .keep_last = 1, .best_metric = "error", .best_is_highest = false});
  if (!place.empty()) {
    DatasetRecord record;
    record.name = "file";
    record.files = {data::fingerprint(place)};
    data::announce(record);
  }
  std::printf("scenario %s\n", form.c_str());
  device = std::getenv("STET_TEST_STAY") ? cpu : run.device();

  Stream stream(run.rng() / "data");
  const Tensor x = normal(stream, {104, 4}), y = sin(sum(x, {1}, true));
  Data set = data::in_memory("waves", x, y);
  Loader loader(set, {.batch = 8, .shuffle = run.rng() / "shuffle", .device = device});
  Net net(std::getenv("STET_TEST_HIDDEN") ? std::atoi(std::getenv("STET_TEST_HIDDEN")) : hidden, run.rng() / "net");
  Momentum opt(net, static_cast<double>(lr));
  const std::string untracked = std::getenv("STET_TEST_UNTRACKED") ? std::getenv("STET_TEST_UNTRACKED") : "";
  if (untracked != "net") run.track("net", net);
  if (untracked != "opt") run.track("opt", opt);
  run.track("loader", loader);

  if (const char* metric = std::getenv("STET_TEST_METRIC")) {
    run.checkpoint({.best_metric = metric});
    run.summary(metric, Best::max);
  }

  Setting s{run, epochs, set, loader, net, opt};
  if (form == "plain") plain(s);
  if (form == "gan") gan(s);
  if (form == "accumulate") accumulate(s);
  if (form == "carry") carry(s);
  if (form == "average") average(s);
  if (form == "early") early(s);
  if (form == "mean") epoch_mean(s);
  if (form == "nested") nested(s);
  if (form == "best") best(s);
  if (form == "draws") draws(s);
  if (form == "stages") two_stages(s);
  if (form == "whole") whole_set(s);
  if (form == "caught") caught(s);
  if (form == "returns") returns(s);
  if (form == "scores") scores(s);
  if (form == "nothing") nothing(s);
  if (form == "side") side_by_side(s);
  if (form == "catches") return catches(s);
  if (form == "outside") outside(s);
  if (form == "nan") not_a_number(s);
  if (form == "nan metric") metric_not_a_number(s);
  if (form == "recovers") recovers(s);
  if (form == "insists") insists(s);
  if (form == "tells") tells(s);
  if (form == "fault") fault(s);
  if (form == "grows") grows(s);
  if (form == "nan at once") not_a_number_at_once(s);
  if (form == "times") times(s);
  if (form == "late") late(s);
  if (form == "hollow") hollow(s);
  if (form == "left") left(s);
  if (form == "torn") torn(s);
  if (form == "reached") reached(s);
  if (form == "batches") batches(s);
  if (form == "measures") measures(s);
}
