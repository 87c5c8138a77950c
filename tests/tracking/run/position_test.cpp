#include "stet/tracking/run/position.h"

#include <gtest/gtest.h>

#include "stet/tensor/error.h"

namespace stet::tracking {
namespace {

// Loops of 5, 5 and 7 steps, then one of 2 within whose second step 3 of 4 inner steps are done.
Position somewhere() {
  Position p;
  Moment now;
  const auto loop = [&](int64_t steps) {
    p.enter();
    for (int64_t i = 0; i < steps; ++i) {
      p.begin_iteration(now);
      p.commit(false);
      ++now.tick, ++now.step;
    }
  };
  for (const int64_t steps : {5, 5, 7}) {
    loop(steps);
    p.leave(now);
  }
  loop(1);
  p.begin_iteration(now);
  loop(3);
  return p;
}

TEST(Position, IsText) { EXPECT_EQ(somewhere().to_text(), "5.5x2,7.7,1@18.18/3"); }

TEST(Position, IsFoundAgainWithTheMomentsBeforeIt) {
  Position p;
  p.seek(somewhere().to_text());
  for (const int64_t end : {5, 10, 17}) {
    EXPECT_EQ(p.enter(), Position::Entry::skipped);
    EXPECT_EQ(p.moment(), (Moment{end, end}));
    p.leave(p.moment());
  }
  EXPECT_EQ(p.enter(), Position::Entry::enclosing);
  EXPECT_EQ(p.moment(), (Moment{18, 18}));
  EXPECT_EQ(p.index(), 1);
  p.begin_iteration(p.moment());
  EXPECT_EQ(p.enter(), Position::Entry::reached);
  EXPECT_EQ(p.index(), 3);
  EXPECT_FALSE(p.seeking());
  EXPECT_EQ(p.to_text(), somewhere().to_text());
}

TEST(Position, ALoopLeftByBreakIsNotEnteredAgain) {
  Position p;
  p.enter();
  p.begin_iteration({});
  p.commit(true);
  EXPECT_EQ(p.to_text(), "1!");
  Position q;
  q.seek("1!");
  EXPECT_EQ(q.enter(), Position::Entry::reached);
  EXPECT_TRUE(q.finished());
}

TEST(Position, OtherLoopsAreRefused) {
  Position p;
  p.seek("5.5,2@7.7/1");
  p.enter();
  p.leave(p.moment());
  p.enter();
  p.begin_iteration(p.moment());
  EXPECT_THROW(p.commit(false), UsageError);
}

TEST(Position, UnreadableTextIsRefused) {
  for (const char* text : {"x", "1.x,2", "-1", "1@2", "1@", ",1", "1.1x,2", "1//2"}) {
    Position p;
    EXPECT_THROW(p.seek(text), DataError) << text;
  }
}

}  // namespace
}  // namespace stet::tracking
