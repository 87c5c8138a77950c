#include "stet/tracking/run/checkpoint_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace stet::tracking {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(CheckpointPolicy, KeepsTheLastOnes) {
  std::vector<CheckpointMark> marks = {{30, {}}, {10, {}}, {20, {}}, {40, {}}};
  EXPECT_THAT(to_delete(marks, {.keep_last = 2}), ElementsAre(10, 20));
  EXPECT_THAT(to_delete(marks, {.keep_last = 9}), IsEmpty());
  EXPECT_THAT(to_delete(marks, {.keep_last = 0}), ElementsAre(10, 20, 30)) << "the newest is always kept";
  EXPECT_THAT(to_delete({}, {}), IsEmpty());
}

TEST(CheckpointPolicy, KeepsTheBest) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<CheckpointMark> marks = {{1, nan}, {2, 0.9}, {3, 0.9}, {4, 0.5}, {5, {}}, {6, nan}};
  EXPECT_THAT(to_delete(marks, {.keep_last = 1, .best_metric = "acc"}), ElementsAre(1, 3, 4, 5));
  EXPECT_THAT(to_delete(marks, {.keep_last = 1, .best_metric = "loss", .best_is_highest = false}),
              ElementsAre(1, 2, 3, 5));
  EXPECT_THAT(to_delete(marks, {.keep_last = 1}), ElementsAre(1, 2, 3, 4, 5));
}

// Pruned after each of many checkpoints, what stays is few and thins out with age, with no gap wider than a factor of
// four.
TEST(CheckpointPolicy, LogSpacedStaysFewAndCoversEveryAge) {
  CheckpointPolicy policy{.keep_last = 2, .log_spaced = true};
  std::vector<CheckpointMark> kept;
  for (int64_t step = 0; step <= 7000; step += 7) {
    kept.push_back({step, {}});
    for (int64_t gone : to_delete(kept, policy)) std::erase_if(kept, [&](auto& mark) { return mark.step == gone; });
    ASSERT_LE(kept.size(), 2u + 13u) << step;
    ASSERT_EQ(kept.front().step, 0);
    for (int64_t age = 28; age * 4 <= step; age *= 2) {
      EXPECT_TRUE(
          std::ranges::any_of(kept, [&](auto& mark) { return step - mark.step >= age && step - mark.step <= age * 4; }))
          << "age " << age << " at step " << step;
    }
  }
}

}  // namespace
}  // namespace stet::tracking
