#include "stet/tracking/run/outbox.h"

#include <gmock/gmock.h>

#include "stet/tensor/error.h"
#include "stet/tracking/record/events.h"
#include "tracking/stamped.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A device's values, which arrive when the test says so, or when they are waited for.
class Read : public PendingRead {
 public:
  bool arrived() override { return is_here; }
  std::span<const std::byte> bytes() override {
    is_here = true;
    return {};
  }
  bool is_here = false;
};

struct Log {
  TempFolder folder;
  EventWriter writer{file_system(), folder.path()};

  std::vector<int64_t> steps() {
    writer.flush();
    std::vector<int64_t> steps;
    EventReader reader(folder.path());
    for (record::Event event; reader.next(event);) {
      if (event.has_summary()) steps.push_back(event.step());
    }
    return steps;
  }
};

// At that boundary; its completion waits for the reads.
Outgoing event_at(int64_t tick, std::vector<std::shared_ptr<Read>> reads = {}) {
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
  const auto first = std::make_shared<Read>(), second = std::make_shared<Read>();
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
  const auto read = std::make_shared<Read>(), here = std::make_shared<Read>();
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
  const auto first = std::make_shared<Read>(), second = std::make_shared<Read>();
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
  Outgoing fails = event_at(1, {std::make_shared<Read>()});
  fails.complete = [](record::Event&) { raise<TrainingError>("the loss is nan"); };
  outbox.put(log.writer, std::move(fails));
  outbox.put(log.writer, event_at(2, {std::make_shared<Read>()}));
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
