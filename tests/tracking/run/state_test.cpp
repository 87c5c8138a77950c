#include "stet/tracking/run/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "stet/tensor/error.h"
#include "stet/tensor/recorder.h"

namespace stet::tracking {
namespace {

using testing::HasSubstr;

struct Thing : Stateful {
  double member = 0;
  void members(Visitor& v) override { v("member", member); }
};

// A state that hears of what is destroyed, as that of a run does.
class TrackedThings : public testing::Test, public Recorder {
 protected:
  TrackedThings() { install_recorder(this); }
  ~TrackedThings() override { install_recorder(nullptr); }
  void dataset(const DatasetRecord&) override {}
  void loss(const Tensor&) override {}
  void training(const Stateful&, const std::vector<std::shared_ptr<CellState>>&) override {}
  void gone(const Stateful& thing) noexcept override { state_.gone(thing); }

  void track(const std::string& name, Thing& thing) {
    state_.track(name, [name, &thing](Visitor& v) { v(name, thing); });
    state_.watch(name, thing);
  }
  std::string complaint() {
    try {
      state_.digests_later();
    } catch (const UsageError& e) { return e.what(); }
    return "";
  }
  State state_;
};

TEST_F(TrackedThings, AreNamedOnceTheyAreDestroyed) {
  Thing stays;
  auto goes = std::make_unique<Thing>();
  track("net", stays);
  track("opt", *goes);
  EXPECT_EQ(complaint(), "");
  goes.reset();
  EXPECT_THAT(complaint(), HasSubstr("track: 'opt' was destroyed"));
}

TEST_F(TrackedThings, MayBeCopiedMovedAndAssignedTo) {
  Thing thing;
  track("net", thing);
  {
    Thing copy = thing, moved = std::move(thing);
    thing = copy;
    copy = thing;
  }
  EXPECT_EQ(complaint(), "");
}

TEST_F(TrackedThings, AreToldFromWhatLiesThereLater) {
  alignas(Thing) std::array<std::byte, sizeof(Thing)> place{};
  auto* first = new (place.data()) Thing;
  track("first", *first);
  first->~Thing();
  auto* second = new (place.data()) Thing;
  second->watch();
  second->~Thing();
  EXPECT_THAT(complaint(), HasSubstr("track: 'first' was destroyed"));
}

}  // namespace
}  // namespace stet::tracking
