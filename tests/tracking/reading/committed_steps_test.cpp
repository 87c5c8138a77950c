// How many steps a run is shown to have committed, by all that tell it.
#include "stet/tracking/reading/committed_steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stet/tracking/reading/run_facts.h"
#include "stet/tracking/reading/run_index.h"
#include "stet/tracking/reading/run_view.h"
#include "stet/tracking/reading/verification.h"
#include "tracking/reading/long_log.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

record::Event value(const char* name) { return scalar_event(name, 0.5); }

record::Event losses() {
  record::Event event;
  event.mutable_loss_digest()->add_bits(1);
  return event;
}

record::Event mark(record::SessionLog::Status status) {
  record::Event event;
  event.mutable_session_log()->set_status(status);
  return event;
}

int64_t steps_of(const RunFacts& facts) {
  const auto* steps = facts.field("steps").get_if<int64_t>();
  return steps ? *steps : -1;
}

// A run whose log is written event by event.
class Steps : public testing::Test {
 protected:
  Steps() : run_(make_run_folder(folder_ / "runs", "20260101-000000-0000001")) {}

  void log(int64_t step, uint64_t tick, record::Event event) {
    event.set_step(step);
    event.set_tick(tick);
    event.set_wall_time(1.7e9);
    writer_.append(event);
    writer_.flush();
  }
  void set_record(const std::function<void(record::RunRecord&)>& change) {
    record::RunRecord record = read_record(run_);
    change(record);
    write_record(real_file_system(), run_, record);
  }
  // What all that tells it agrees on.
  int64_t steps() {
    const RunSummary summary = read_summary(run_);
    EXPECT_EQ(read_run(run_).steps, summary.steps);
    EXPECT_EQ(steps_of(read_facts(Folder(run_))), summary.steps);
    RunIndex index(folder_ / "runs");  // reads on where it stopped
    EXPECT_EQ(steps_of(index.facts(*index.find(run_))), summary.steps);
    return summary.steps;
  }

  TempFolder folder_;
  const Path run_;
  EventWriter writer_{real_file_system(), Folder(run_), {}, 0};
};

TEST_F(Steps, OfARunThatLoggedMetricsAlone) {
  EXPECT_EQ(steps(), 0);
  log(1, 0, value("train/loss"));
  EXPECT_EQ(steps(), 0) << "it is at hand";
  log(2, 1, value("train/loss"));
  EXPECT_EQ(steps(), 1);
  log(812'367, 812'366, value("train/loss"));
  log(812'367, 812'366, value("train/accuracy"));
  EXPECT_EQ(steps(), 812'366);
  log(812'367, 812'367, value("test/accuracy"));
  EXPECT_EQ(steps(), 812'367) << "what follows is of a later boundary";
  log(5, 4, value("system/memory"));
  EXPECT_EQ(steps(), 812'367) << "one that came late";
}

TEST_F(Steps, ADigestAndACheckpointAreOfWhatWasCommitted) {
  log(7, 7, losses());
  EXPECT_EQ(steps(), 7);
  log(8, 7, value("train/loss"));
  EXPECT_EQ(steps(), 7);
  log(9, 9, mark(record::SessionLog::CHECKPOINT));
  EXPECT_EQ(steps(), 9);
  log(10, 9, mark(record::SessionLog::STOP));
  EXPECT_EQ(steps(), 9);
}

TEST_F(Steps, AreNoFewerThanWhereTheLastLaunchBegan) {
  set_record([](record::RunRecord& record) {
    record.set_steps(50);
    record.add_launches()->mutable_end()->set_status(record::End::INTERRUPTED);
    record.add_launches()->set_first_step(50);
  });
  log(3, 3, losses());
  EXPECT_EQ(steps(), 50);
  log(52, 51, value("train/loss"));
  EXPECT_EQ(steps(), 51);
}

TEST_F(Steps, AreWhatTheEndMarkSays) {
  log(10, 9, value("train/loss"));
  for (const auto status : {record::End::FINISHED, record::End::FAILED, record::End::INTERRUPTED}) {
    set_record([&](record::RunRecord& record) {
      record.clear_launches();
      auto* end = record.add_launches()->mutable_end();
      end->set_status(status);
      end->set_last_step(9);
      record.set_steps(9);
    });
    EXPECT_EQ(steps(), 9) << status;
  }
}

TEST_F(Steps, WithoutADigestThereIsNothingToVerify) {
  set_record([](record::RunRecord& record) { record.add_launches(); });
  EXPECT_EQ(verify(run_).line, "can't be verified: its log holds no digests: it ended before its first step did");
  log(10, 9, value("train/loss"));
  EXPECT_EQ(verify(run_).line, "can't be verified: its log holds no digests: nothing tells what its steps came to");
}

}  // namespace
}  // namespace stet::tracking
