#include "stet/tracking/run/outbox.h"

#include <gmock/gmock.h>

#include "stet/tensor/error.h"
#include "stet/tracking/record/events.h"
#include "tracking/run/pending_log.h"
#include "tracking/stamped.h"

namespace stet::tracking {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Log {
  LogFolder folder;
  LogQueue writer{folder.writer()};

  std::vector<int64_t> steps() {
    writer.flush();
    return folder.steps();
  }
};

// At that boundary; its completion waits for the reads.
Outgoing event_at(int64_t tick, std::vector<std::shared_ptr<LateRead>> reads = {}) {
  Outgoing event{stamped(tick, static_cast<uint64_t>(tick), scalar_event("loss", 1, {})),
                 {{tick, tick}},
                 {reads.begin(), reads.end()},
                 {}};
  event.complete = [reads](record::Event&) {
    for (const auto& read : reads) read->bytes();
  };
  return event;
}

TEST(Outbox, AnEventWithoutReadsGoesStraightToTheLog) {
  Log log;
  Outbox outbox;
  outbox.put(log.writer, event_at(1));
  EXPECT_THAT(log.steps(), ElementsAre(1));
}

TEST(Outbox, AnEventWaitsForAllOfItsReads) {
  const auto first = std::make_shared<LateRead>(), second = std::make_shared<LateRead>();
  Log log;
  Outbox outbox;
  outbox.put(log.writer, event_at(1, {first, second}));
  first->is_here = true;
  outbox.send(log.writer, 0);
  EXPECT_THAT(log.steps(), IsEmpty());
  second->is_here = true;
  outbox.send(log.writer, 0);
  EXPECT_THAT(log.steps(), ElementsAre(1));
}

TEST(Outbox, AnEventHoldsBackThoseBehindIt) {
  const auto read = std::make_shared<LateRead>(), here = std::make_shared<LateRead>();
  here->is_here = true;
  Log log;
  Outbox outbox;
  outbox.put(log.writer, event_at(1, {read}));
  outbox.put(log.writer, event_at(2, {here}));
  outbox.put(log.writer, event_at(3));
  outbox.send(log.writer, 0);
  EXPECT_THAT(log.steps(), IsEmpty());
  read->is_here = true;
  outbox.send(log.writer, 0);
  EXPECT_THAT(log.steps(), ElementsAre(1, 2, 3));
}

TEST(Outbox, WaitsForWhatHappenedBeforeATickAlone) {
  const auto first = std::make_shared<LateRead>(), second = std::make_shared<LateRead>();
  Log log;
  Outbox outbox;
  outbox.put(log.writer, event_at(1, {first}));
  outbox.put(log.writer, event_at(2, {second}));
  outbox.send(log.writer, 1);
  EXPECT_FALSE(first->is_here);
  outbox.send(log.writer, 2);
  EXPECT_TRUE(first->is_here);
  EXPECT_FALSE(second->is_here);
  EXPECT_THAT(log.steps(), ElementsAre(1));
  outbox.drain(log.writer);
  EXPECT_THAT(log.steps(), ElementsAre(1, 2));
}

TEST(Outbox, AnEventThatFailsIsTakenOut) {
  Log log;
  Outbox outbox;
  Outgoing fails = event_at(1, {std::make_shared<LateRead>()});
  fails.complete = [](record::Event&) { raise<TrainingError>("the loss is nan"); };
  outbox.put(log.writer, std::move(fails));
  outbox.put(log.writer, event_at(2, {std::make_shared<LateRead>()}));
  EXPECT_THROW(outbox.drain(log.writer), TrainingError);
  const auto failed = outbox.take_failed();
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->at.committed.tick, 1);
  EXPECT_FALSE(outbox.take_failed());
  outbox.drain(log.writer);
  EXPECT_THAT(log.steps(), ElementsAre(2));
}

}  // namespace
}  // namespace stet::tracking
