#include "stet/tracking/run/event_sink.h"

#include <gmock/gmock.h>

#include "stet/tensor/error.h"
#include "stet/tracking/record/events.h"
#include "tracking/run/pending_log.h"

namespace stet::tracking {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct OpenSink {
  LogFolder log;
  EventSink sink;
  OpenSink() { sink.open(log.writer()); }

  // An event of that boundary that waits for values.
  std::shared_ptr<LateRead> put_late(Instant at, Completion complete = {}) {
    const auto read = std::make_shared<LateRead>();
    if (!complete) complete = [read](record::Event&) { read->bytes(); };
    sink.put(at, scalar_event("late", 1), {read}, std::move(complete));
    return read;
  }
};

void fail(record::Event&) { raise<TrainingError>("the loss is nan"); }

TEST(EventSink, StampsWithTheStepAtHand) {
  OpenSink open;
  open.sink.put({{5, 3}, true}, scalar_event("loss", 1));
  open.sink.put({{6, 4}, false}, scalar_event("loss", 1));
  open.sink.flush();
  const auto events = open.log.events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].step(), 4);
  EXPECT_EQ(events[0].tick(), 5u);
  EXPECT_EQ(events[1].step(), 4);
  EXPECT_EQ(events[1].tick(), 6u);
  EXPECT_GT(events[0].wall_time(), 1e9);
}

TEST(EventSink, OutsideAStepWhatWasPutBeforeIsWaitedFor) {
  OpenSink open;
  const auto read = open.put_late({{1, 1}, true});
  open.sink.put_logged({{1, 1}, true}, scalar_event("loss", 1));
  EXPECT_FALSE(read->is_here);
  open.sink.put_logged({{2, 2}, false}, scalar_event("error", 1));
  EXPECT_TRUE(read->is_here);
  open.sink.flush();
  EXPECT_THAT(open.log.steps(), ElementsAre(2, 2)) << "metrics of one instant are one event";
}

TEST(EventSink, ADeviceIsWaitedForWhenItIsSixteenBoundariesBehind) {
  OpenSink open;
  const auto first = open.put_late({{1, 1}}), second = open.put_late({{2, 2}});
  open.sink.catch_up({{17, 17}});
  EXPECT_FALSE(first->is_here);
  open.sink.catch_up({{18, 18}});
  EXPECT_TRUE(first->is_here);
  EXPECT_FALSE(second->is_here);
}

TEST(EventSink, ARunEndsAtTheEventThatFailed) {
  OpenSink open;
  open.put_late({{1, 1}});
  open.put_late({{2, 2}, true}, fail);
  open.put_late({{3, 3}});
  EXPECT_THROW(open.sink.drain(), TrainingError);
  ASSERT_TRUE(open.sink.failed());
  EXPECT_EQ(open.sink.failed()->at.committed.tick, 2);
  open.sink.settle();
  const Instant end = open.sink.stop({{4, 4}}, "the loss is nan");
  EXPECT_EQ(end.committed, (Moment{2, 2}));
  EXPECT_TRUE(end.in_step);
  const auto events = open.log.events();
  ASSERT_EQ(events.size(), 2u) << "what came behind is no part of the record";
  EXPECT_EQ(events[1].session_log().status(), record::SessionLog::STOP);
  EXPECT_EQ(events[1].session_log().msg(), "the loss is nan");
  EXPECT_EQ(events[1].step(), 3);
}

TEST(EventSink, ARunThatDidNotFailEndsNow) {
  OpenSink open;
  open.put_late({{1, 1}});
  open.sink.settle();
  EXPECT_EQ(open.sink.stop({{4, 4}}, "").committed, (Moment{4, 4}));
  EXPECT_THAT(open.log.steps(), ElementsAre(1, 4));
}

TEST(EventSink, TellsWhatFailedFirst) {
  OpenSink open;
  EXPECT_EQ(open.sink.first_failure("killed"), "killed");
  open.put_late({{2, 2}}, fail);
  EXPECT_EQ(open.sink.first_failure("out of memory"), "the loss is nan");
  EXPECT_EQ(open.sink.first_failure("out of memory"), "out of memory") << "it is known by now";
  EXPECT_EQ(EventSink().first_failure("no log"), "no log");
}

TEST(EventSink, AFailureThatTheProgramCaughtIsForgotten) {
  OpenSink open;
  open.put_late({{2, 2}}, fail);
  EXPECT_THROW(open.sink.drain(), TrainingError);
  open.sink.forget_failure();
  open.put_late({{3, 3}});
  open.sink.settle();
  EXPECT_EQ(open.sink.stop({{4, 4}}, "").committed.tick, 4);
  EXPECT_THAT(open.log.steps(), ElementsAre(3, 4));
}

}  // namespace
}  // namespace stet::tracking
