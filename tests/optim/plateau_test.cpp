// What a training does when a metric stops improving.
#include "stet/optim/plateau.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "error_of.h"
#include "net.h"
#include "non_finite.h"
#include "snapshot.h"
#include "stet/optim/sgd.h"

namespace stet {
namespace {

using optim::EarlyStopping;
using optim::Mode;
using optim::Plateau;
using testing::HasSubstr;

void expect_rates(const char* name, const optim::PlateauOptions& options) {
  GoldenNet net(DType::float32);
  optim::SGD optimizer(net, {.lr = 1});
  Plateau plateau(optimizer, options);
  const auto metrics = GoldenNet::golden()("metrics").to_vector<double>(),
             want = GoldenNet::golden()(std::string("plateau/") + name).to_vector<double>();
  for (size_t i = 0; i < metrics.size(); ++i) {
    const double before = optimizer.learning_rate();
    EXPECT_EQ(plateau.step(metrics[i]), want[i] < before) << name << " at " << i;
    EXPECT_NEAR(optimizer.learning_rate(), want[i], 1e-12 * want[i]) << name << " at " << i;
  }
}

TEST(Plateau, EqualsPyTorchs) {
  expect_rates("standard", {.patience = 3});
  expect_rates("max", {.mode = Mode::max, .factor = 0.5, .patience = 7});
  expect_rates("cooldown", {.patience = 1, .threshold = 0.01, .absolute = true, .cooldown = 4, .min_lr = 1e-3});
}

TEST(Plateau, LowersWhatTheScheduleMultiplies) {
  GoldenNet net(DType::float32);
  optim::SGD optimizer(net, {.lr = 1, .schedule = optim::exponential(0.5)});
  Plateau plateau(optimizer, {.patience = 0});
  optimizer.step(backward(net.loss(0)));
  EXPECT_FALSE(plateau.step(1));
  EXPECT_TRUE(plateau.step(kNaN));
  EXPECT_EQ(optimizer.base_learning_rate(), 0.1);
  EXPECT_EQ(optimizer.learning_rate(), 0.05);
}

TEST(Plateau, LeavesARateThatWouldHardlyFall) {
  GoldenNet net(DType::float32);
  optim::SGD optimizer(net, {.lr = 1e-3});
  Plateau plateau(optimizer, {.patience = 0, .least_change = 1e-5});
  plateau.step(1);
  EXPECT_TRUE(plateau.step(1));
  EXPECT_TRUE(plateau.step(1));
  EXPECT_FALSE(plateau.step(1)) << "from 1e-5 by 9e-6";
  EXPECT_NEAR(optimizer.learning_rate(), 1e-5, 1e-15);
  EXPECT_THROW(Plateau(optimizer, {.least_change = -1}), UsageError);
}

TEST(Plateau, GoesOnFromItsState) {
  GoldenNet net(DType::float32);
  optim::SGD optimizer(net, {.lr = 1}), again(net, {.lr = 1});
  Plateau plateau(optimizer, {.patience = 2}), other(again, {.patience = 2});
  for (const double loss : {3.0, 2.0, 2.0, 2.0}) EXPECT_FALSE(plateau.step(loss));
  Restore(other, Snapshot(plateau));
  EXPECT_TRUE(other.step(2));
  EXPECT_EQ(again.learning_rate(), 0.1);
  EXPECT_EQ(Snapshot(other).hypers.at("mode"), "min");
}

// A relative threshold is a share of the best value's magnitude.
TEST(Plateau, TakesNegativeMetrics) {
  for (const Mode mode : {Mode::min, Mode::max}) {
    const double sign = mode == Mode::min ? 1 : -1;
    GoldenNet net(DType::float32);
    optim::SGD optimizer(net, {.lr = 1});
    Plateau plateau(optimizer, {.mode = mode, .patience = 1, .threshold = 0.1});
    for (const double value : {-10.0, -10.5, -11.5, -12.0}) EXPECT_FALSE(plateau.step(sign * value)) << value;
    EXPECT_TRUE(plateau.step(sign * -12.5)) << "no better than -11.5 by a tenth of it";
    EXPECT_EQ(Snapshot(plateau).reals.at("best"), sign * -11.5);
  }
}

TEST(Plateau, AnyFirstNumberIsBetterThanNone) {
  GoldenNet net(DType::float32);
  optim::SGD optimizer(net, {.lr = 1});
  Plateau plateau(optimizer, {.patience = 0, .threshold = 1});
  EXPECT_FALSE(plateau.step(5));
  EXPECT_EQ(Snapshot(plateau).reals.at("best"), 5);
}

TEST(EarlyStopping, StopsWhenPatienceEnds) {
  EarlyStopping stop({.patience = 2, .min_delta = 0.1});
  EXPECT_EQ(stop.best_step(), 0);
  EXPECT_FALSE(stop.step(1));
  EXPECT_FALSE(stop.step(0.95));  // better by less than min_delta
  EXPECT_FALSE(stop.step(0.8));
  EXPECT_FALSE(stop.step(kNaN));
  EXPECT_FALSE(stop.stopped());
  EXPECT_TRUE(stop.step(0.75));
  EXPECT_TRUE(stop.stopped());
  EXPECT_EQ(stop.best(), 0.8);
  EXPECT_EQ(stop.best_step(), 3);
}

TEST(EarlyStopping, OfAScoreWaitsForMore) {
  EarlyStopping stop({.mode = Mode::max, .patience = 1});
  EXPECT_FALSE(stop.step(0.5));
  EXPECT_FALSE(stop.step(0.6));
  EXPECT_TRUE(stop.step(0.6));
}

TEST(EarlyStopping, TakesALossAsItIs) {
  EarlyStopping stop({.patience = 1});
  EXPECT_FALSE(stop.step(full({}, 0.5)));
  EXPECT_TRUE(stop.step(full({1}, 0.5)));
}

TEST(EarlyStopping, GoesOnFromItsState) {
  EarlyStopping stop({.patience = 2}), again({.patience = 2});
  for (const double loss : {3.0, 2.0, 2.5}) EXPECT_FALSE(stop.step(loss));
  Restore(again, Snapshot(stop));
  EXPECT_TRUE(again.step(2));
  EXPECT_EQ(again.best(), 2);
  EXPECT_EQ(again.best_step(), 2);
}

TEST(Plateau, RefusesSettingsOutOfRange) {
  GoldenNet net(DType::float32);
  optim::SGD optimizer(net);
  EXPECT_THAT(error_of([&] { Plateau(optimizer, {.factor = 1}); }), HasSubstr("Plateau: factor 1"));
  EXPECT_THROW(Plateau(optimizer, {.patience = -1}), UsageError);
  EXPECT_THROW(Plateau(optimizer, {.threshold = -1}), UsageError);
  EXPECT_THROW(Plateau(optimizer, {.cooldown = -1}), UsageError);
  EXPECT_THROW(Plateau(optimizer, {.min_lr = -1}), UsageError);
  EXPECT_THAT(error_of([] { EarlyStopping({.patience = 0}); }), HasSubstr("EarlyStopping: patience 0"));
  EXPECT_THROW(EarlyStopping({.min_delta = -1}), UsageError);
}

}  // namespace
}  // namespace stet
