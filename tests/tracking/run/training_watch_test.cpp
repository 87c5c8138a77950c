#include "stet/tracking/run/training_watch.h"

#include <gmock/gmock.h>

#include <memory>

#include "stet/tensor/cell.h"
#include "stet/tensor/stateful.h"

namespace stet::tracking {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Optimizer : Stateful {
  void members(Visitor&) override {}
};

TEST(TrainingWatch, KnowsAnOptimizerByItsFirstStepWithinALoop) {
  const Optimizer a, b;
  TrainingWatch watch;
  EXPECT_FALSE(watch.step(a, {}, 0));
  EXPECT_TRUE(watch.step(a, {}, 1));
  EXPECT_FALSE(watch.step(a, {}, 2));
  EXPECT_TRUE(watch.step(b, {}, 2));
  EXPECT_TRUE(watch.is_new(a));
  EXPECT_FALSE(watch.is_new(a));
}

TEST(TrainingWatch, LooksAtTheParametersOfAnOptimizerThatWasAssigned) {
  const Optimizer a;
  const TrainingWatch::Cells first{std::make_shared<CellState>()}, second{std::make_shared<CellState>()};
  TrainingWatch watch;
  EXPECT_TRUE(watch.step(a, first, 1));
  EXPECT_FALSE(watch.step(a, first, 1));
  EXPECT_TRUE(watch.step(a, second, 1));
  EXPECT_FALSE(watch.step(a, second, 1));
}

TEST(TrainingWatch, TellsOfGradientsOfAnEarlierStep) {
  TrainingWatch watch;
  watch.add_older_gradients();
  watch.add_older_gradients();
  EXPECT_THAT(watch.warnings(), ElementsAre(HasSubstr("took gradients of an earlier step 2 times")));
}

TEST(TrainingWatch, TellsOfStepsOutsideOfLoops) {
  const Optimizer a;
  TrainingWatch watch;
  watch.step(a, {}, 1);
  EXPECT_THAT(watch.warnings(), IsEmpty());
  watch.step(a, {}, 0);
  EXPECT_THAT(watch.warnings(), ElementsAre(HasSubstr("stepped 1 time outside of run.epochs and run.steps")));
  watch.step(a, {}, 0);
  EXPECT_THAT(watch.warnings(), ElementsAre(HasSubstr("stepped 2 times outside")));
}

// Each optimizer may step once in a step of the run, and as often as it likes in a pass that holds steps.
TEST(TrainingWatch, TellsOfMoreThanOneStepInAPassThatIsOne) {
  const Optimizer a, b;
  TrainingWatch watch;
  const auto pass = [&](int steps_of_a, bool is_step) {
    watch.begin_iteration();
    watch.step(b, {}, 1);
    for (int i = 0; i < steps_of_a; ++i) watch.step(a, {}, 1);
    if (is_step) watch.count_pass_as_step();
  };
  pass(1, true);
  pass(5, false);
  pass(1, true);
  EXPECT_THAT(watch.warnings(), IsEmpty());
  pass(3, true);
  pass(2, true);
  EXPECT_THAT(watch.warnings(), ElementsAre(HasSubstr("stepped 3 times in one step")));
}

}  // namespace
}  // namespace stet::tracking
