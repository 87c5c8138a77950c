#include "stet/tracking/position.h"

#include <gtest/gtest.h>

#include "stet/tensor/error.h"

namespace stet::tracking {
namespace {

using Entry = Position::Entry;

TEST(Position, NamesTheLoopsThatAreOpen) {
  Position p;
  EXPECT_EQ(p.to_text(), "");
  p.enter();
  p.begin_iteration();
  p.commit(false);
  p.begin_iteration();
  p.enter();
  p.leave();
  p.enter();
  p.begin_iteration();
  p.commit(false);
  EXPECT_EQ(p.to_text(), "0:1/1:1");
  p.begin_iteration();
  p.commit(true);
  EXPECT_EQ(p.to_text(), "0:1/1:2!");
}

TEST(Position, SkipsWhatLiesBeforeAndEntersWhatHoldsTheTarget) {
  Position p;
  p.seek("1:3/1:7");
  EXPECT_EQ(p.enter(), Entry::skipped);
  p.leave();
  EXPECT_EQ(p.enter(), Entry::enclosing);
  EXPECT_EQ(p.index(), 3);
  p.begin_iteration();
  EXPECT_EQ(p.enter(), Entry::skipped);
  p.leave();
  EXPECT_TRUE(p.seeking());
  EXPECT_EQ(p.enter(), Entry::reached);
  EXPECT_FALSE(p.seeking());
  EXPECT_EQ(p.index(), 7);
  EXPECT_EQ(p.to_text(), "1:3/1:7");
  p.leave();
  p.commit(false);
  p.begin_iteration();
  EXPECT_EQ(p.enter(), Entry::fresh);
  EXPECT_EQ(p.to_text(), "1:4/0:0");
}

TEST(Position, SaysThatALoopWasLeftByBreak) {
  Position p;
  p.seek("0:4!");
  EXPECT_EQ(p.enter(), Entry::reached);
  EXPECT_TRUE(p.finished());
}

TEST(Position, RefusesAProgramWithOtherLoops) {
  Position p;
  p.seek("0:1/2:1");
  p.enter();
  p.begin_iteration();
  EXPECT_THROW(p.commit(false), UsageError);  // the iteration ended, and the loop had not come
  Position q;
  EXPECT_THROW(q.seek("0:x"), DataError);
  EXPECT_THROW(q.seek("7"), DataError);
}

}  // namespace
}  // namespace stet::tracking
