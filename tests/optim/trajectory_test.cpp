// 100 steps of every optimizer and schedule, against what PyTorch made of the same start and data
// (golden/make_optim.py).
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>

#include "net.h"
#include "stet/optim/adafactor.h"
#include "stet/optim/adagrad.h"
#include "stet/optim/adam.h"
#include "stet/optim/average.h"
#include "stet/optim/clip.h"
#include "stet/optim/lion.h"
#include "stet/optim/muon.h"
#include "stet/optim/nadam.h"
#include "stet/optim/rmsprop.h"
#include "stet/optim/sgd.h"

namespace stet {
namespace {

using optim::Schedule;

struct Case {
  std::string name;
  std::function<std::unique_ptr<optim::Optimizer>(Stateful&)> make;
  std::function<Gradients(GoldenNet&, const Tensor& loss, int64_t t)> gradients =
      [](GoldenNet&, const Tensor& loss, int64_t) { return backward(loss); };
  bool averaged = false;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

auto sgd(optim::SgdOptions o) {
  o.lr = 0.05;
  return [o](Stateful& net) { return std::make_unique<optim::SGD>(net, o); };
}

auto adam(optim::AdamOptions o) {
  o.lr = 0.01;
  return [o](Stateful& net) { return std::make_unique<optim::Adam>(net, o); };
}

auto adamw(optim::AdamWOptions o, optim::Groups groups = {}) {
  o.lr = 0.01;
  return [o, groups](Stateful& net) { return std::make_unique<optim::AdamW>(net, o, groups); };
}

// An optimizer with all of its options.
template <class Kind, class Options> Case with(const char* name, Options o) {
  return {name, [o](Stateful& net) { return std::make_unique<Kind>(net, o); }};
}

std::vector<Case> composed_cases() {
  using namespace optim;
  return {
      with<RMSprop>("rmsprop", RmsPropOptions{.lr = 0.01}),
      with<RMSprop>("rmsprop_momentum",
                    RmsPropOptions{.lr = 0.003, .alpha = 0.9, .momentum = 0.8, .weight_decay = 0.1}),
      with<RMSprop>("rmsprop_centered", RmsPropOptions{.lr = 0.01, .epsilon = 1e-3, .centered = true}),
      with<RMSprop>("rmsprop_all",
                    RmsPropOptions{.lr = 0.003, .alpha = 0.9, .epsilon = 1e-3, .momentum = 0.5, .centered = true}),
      with<Adagrad>("adagrad", AdagradOptions{.lr = 0.05}),
      with<Adagrad>("adagrad_options",
                    AdagradOptions{.lr = 0.05, .lr_decay = 0.01, .initial = 0.1, .weight_decay = 0.1}),
      with<Adadelta>("adadelta", AdadeltaOptions{}),
      with<Adadelta>("adadelta_options", AdadeltaOptions{.lr = 0.5, .rho = 0.8, .epsilon = 1e-4, .weight_decay = 0.1}),
      with<NAdam>("nadam", NAdamOptions{}),
      with<NAdam>("nadam_options",
                  NAdamOptions{.lr = 0.01, .beta1 = 0.8, .beta2 = 0.95, .momentum_decay = 0.02, .weight_decay = 0.1}),
      with<Lion>("lion", LionOptions{.lr = 0.003}),
      with<Lion>("lion_options", LionOptions{.lr = 0.003, .beta1 = 0.8, .beta2 = 0.95, .weight_decay = 0.5}),
      with<Adafactor>("adafactor", AdafactorOptions{}),
      with<Adafactor>(
          "adafactor_options",
          AdafactorOptions{
              .lr = 0.1, .beta2_decay = -0.6, .epsilon1 = 1e-5, .epsilon2 = 0.1, .clip = 0.5, .weight_decay = 0.1}),
      with<Muon>("muon", MuonOptions{}),
      with<Muon>("muon_options", MuonOptions{.lr = 0.01,
                                             .momentum = 0.9,
                                             .nesterov = false,
                                             .weight_decay = 0.5,
                                             .by_adamw = {"out/*"},
                                             .adamw_lr = 0.01}),
  };
}

// At odd steps only the first layer's gradients, as a GAN's step for one of its parts would give.
Gradients without_out_at_odd_steps(GoldenNet& net, const Tensor& loss, int64_t t) {
  return t % 2 == 1 ? backward(loss, net.in) : backward(loss);
}

Gradients clipped_by_norm(GoldenNet& net, const Tensor& loss, int64_t) {
  Gradients g = backward(loss);
  optim::clip_norm(g, net, 0.5);
  return g;
}

Gradients clipped_by_value(GoldenNet& net, const Tensor& loss, int64_t) {
  Gradients g = backward(loss);
  optim::clip_value(g, net, 0.05);
  return g;
}

std::vector<Case> cases() {
  std::vector<Case> all{
      {"sgd", sgd({})},
      {"sgd_momentum", sgd({.momentum = 0.9})},
      {"sgd_dampening", sgd({.momentum = 0.9, .dampening = 0.3})},
      {"sgd_nesterov", sgd({.momentum = 0.9, .nesterov = true})},
      {"sgd_weight_decay", sgd({.weight_decay = 0.1})},
      {"sgd_nesterov_weight_decay", sgd({.momentum = 0.8, .nesterov = true, .weight_decay = 0.05})},
      {"adam", adam({})},
      {"adam_betas", adam({.beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-4})},
      {"adam_weight_decay", adam({.weight_decay = 0.1})},
      {"adamw", adamw({})},
      {"adamw_weight_decay", adamw({.weight_decay = 0.5})},
      {"adamw_groups", adamw({.weight_decay = 0.1}, {{"*/bias", {.weight_decay = 0}}, {"out/*", {.lr = 0.03}}})},
      {"sgd_clip_norm", sgd({}), clipped_by_norm},
      {"adam_clip_value", adam({}), clipped_by_value},
      {"sgd_left_out", sgd({.momentum = 0.9, .weight_decay = 0.1}), without_out_at_odd_steps},
      {"adamw_left_out", adamw({.weight_decay = 0.5}), without_out_at_odd_steps},
      {"sgd_average", sgd({})},
  };
  all.back().averaged = true;
  const std::pair<const char*, Schedule> schedules[] = {
      {"constant", optim::constant()},
      {"step", optim::step_decay(30, 0.3)},
      {"cosine", optim::cosine(100)},
      {"cosine_floor", optim::cosine(100, 0.1)},
      {"warm_up", optim::warm_up(20, optim::constant(), 0.1)},
      {"warm_up_cosine", optim::warm_up(20, optim::cosine(80), 0.1)},
      {"one_cycle", optim::one_cycle(101)},
      {"one_cycle_late", optim::one_cycle(101, {.rise = 0.6, .start = 1 / 10.0, .end = 1 / 500.0})},
  };
  for (const auto& [name, schedule] : schedules) {
    all.push_back({std::string("sgd_schedule_") + name, sgd({.momentum = 0.9, .schedule = schedule})});
    all.push_back({std::string("adamw_schedule_") + name, adamw({.schedule = schedule})});
  }
  for (Case& c : composed_cases()) all.push_back(std::move(c));
  return all;
}

class Trajectory : public testing::TestWithParam<Case> {
 protected:
  // Tolerances are relative to max(1, |value|); rates are relative to their own size.
  void run(DType dtype, double tolerance) {
    const Case& c = GetParam();
    const auto golden = [&](const char* part) { return GoldenNet::golden()(c.name + "/" + part); };
    const auto losses = golden("loss").to_vector<double>(), rates = golden("rate").to_vector<double>();
    const auto recorded = GoldenNet::golden()("recorded").to_vector<double>();
    const Tensor parameters = golden("parameters");

    GoldenNet net(dtype);
    optim::Ema average(net, 0.9);
    const auto optimizer = c.make(net);
    int64_t at = 0;
    for (int64_t t = 0; t < 100; ++t) {
      const auto step = static_cast<size_t>(t);
      ASSERT_NEAR(optimizer->learning_rate(), rates[step], 1e-12 * rates[step]) << "at step " << t;
      const Tensor loss = net.loss(t);
      ASSERT_NEAR(loss.to(DType::float64).item<double>(), losses[step], tolerance * std::max(1.0, losses[step]))
          << "at step " << t;
      optimizer->step(c.gradients(net, loss, t));
      average.update(net);
      if (static_cast<double>(t + 1) != recorded[static_cast<size_t>(at)]) continue;
      const auto want = parameters[at++].to_vector<double>(), got = flat(c.averaged ? average.net() : net);
      ASSERT_EQ(got.size(), want.size());
      for (size_t i = 0; i < got.size(); ++i) {
        ASSERT_NEAR(got[i], want[i], tolerance * std::max(1.0, std::abs(want[i])))
            << "parameter " << i << " after step " << t;
      }
    }
    EXPECT_EQ(at, parameters.size(0));
  }
};

// In float64 nothing but the last bits may differ. In float32 100 steps from a rounded start add up to some 1e-6.
TEST_P(Trajectory, InFloat64EqualsPyTorchs) { run(DType::float64, 1e-12); }
TEST_P(Trajectory, InFloat32StaysNearIt) { run(DType::float32, 1e-5); }

INSTANTIATE_TEST_SUITE_P(All, Trajectory, testing::ValuesIn(cases()), [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace stet
