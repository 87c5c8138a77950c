#include "stet/tracking/run/checkpointer.h"

#include <gmock/gmock.h>

#include <memory>

#include "stet/tensor/error.h"
#include "stet/tracking/record/events.h"
#include "tracking/run/pending_log.h"

namespace stet::tracking {
namespace {

using testing::ElementsAre;

Instant at(int64_t step) { return {{step, step}}; }

class CheckpointerTest : public testing::Test {
 protected:
  CheckpointerTest() { sink_.open(log_.writer()); }
  const Path& folder() const { return log_.folder.path(); }
  void write(int64_t step) {
    checkpoints_.take_due();
    Checkpoint checkpoint{
        .step = step, .tick = static_cast<uint64_t>(step), .log = {}, .tensors = {}, .scalars = {}, .aliases = {}};
    checkpoints_.write(file_system(), folder(), checkpoint, sink_);
  }
  // Logged as a run does it, at a boundary.
  void log_metric(const std::string& name, double value, int64_t step) {
    checkpoints_.note_metric(name, value);
    sink_.put_logged(at(step), scalar_event(name, value));
  }
  Checkpoint checkpoint_of(int64_t step) const {
    const Path path = checkpoint_path(folder(), step);
    return read_checkpoint(Folder(path.parent_path()) / path.filename().string());
  }
  std::vector<int64_t> there() const {
    std::vector<int64_t> steps;
    for (const CheckpointFile& file : list_checkpoints(folder())) steps.push_back(file.step);
    return steps;
  }

  LogFolder log_;
  EventSink sink_;
  Checkpointer checkpoints_;
};

TEST_F(CheckpointerTest, RefusesAPolicyThatKeepsNone) {
  EXPECT_THROW(checkpoints_.set_policy({.keep_last = 0}), UsageError);
}

TEST_F(CheckpointerTest, TheFlagOverridesWhenAndTheRecordOverridesTheProgram) {
  checkpoints_.override_interval(5);
  checkpoints_.set_policy({.every_steps = 2, .every_minutes = 9, .keep_last = 4});
  EXPECT_EQ(checkpoints_.policy().every_steps, 5);
  EXPECT_EQ(checkpoints_.policy().every_minutes, 0);
  EXPECT_EQ(checkpoints_.policy().keep_last, 4);
  checkpoints_.take_over({.every_steps = 3, .keep_last = 7});
  checkpoints_.override_interval(0);
  checkpoints_.set_policy({.every_steps = 2, .keep_last = 4});
  EXPECT_EQ(checkpoints_.policy().every_steps, 3);
  EXPECT_EQ(checkpoints_.policy().keep_last, 7);
}

TEST_F(CheckpointerTest, IsDueEverySoManyStepsUntilItIsTaken) {
  checkpoints_.set_policy({.every_steps = 4});
  EXPECT_FALSE(checkpoints_.due(at(3), true));
  EXPECT_FALSE(checkpoints_.due(at(4), false)) << "an epoch's boundary";
  EXPECT_TRUE(checkpoints_.due(at(4), true));
  EXPECT_TRUE(checkpoints_.due(at(5), true)) << "it was put off";
  checkpoints_.take_due();
  EXPECT_FALSE(checkpoints_.due(at(5), true));
}

TEST_F(CheckpointerTest, IsDueWhenTheMetricHasImproved) {
  checkpoints_.set_policy({.best_metric = "error", .best_is_highest = false});
  checkpoints_.note_metric("loss", 1);
  EXPECT_FALSE(checkpoints_.due(at(1), true));
  checkpoints_.note_metric("error", 5);
  EXPECT_TRUE(checkpoints_.due(at(1), true));
  checkpoints_.take_due();
  for (const double worse : {6.0, 5.0, std::nan("")}) checkpoints_.note_metric("error", worse);
  EXPECT_FALSE(checkpoints_.due(at(2), true));
  checkpoints_.note_metric("error", 4);
  EXPECT_TRUE(checkpoints_.due(at(3), true));
}

TEST_F(CheckpointerTest, WritesWithTheLogsEndAndMarksItAfterwards) {
  sink_.put(at(7), scalar_event("loss", 1));
  const LogPosition end = sink_.position();
  EXPECT_FALSE(checkpoints_.covers(at(7)));
  write(7);
  EXPECT_TRUE(checkpoints_.covers(at(7)));
  EXPECT_EQ(checkpoint_of(7).log, end);
  const auto events = log_.events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].session_log().status(), record::SessionLog::CHECKPOINT);
  EXPECT_EQ(events[1].session_log().checkpoint_path(), "checkpoints/step-00000007.h5");
  EXPECT_EQ(events[1].step(), 7);
}

TEST_F(CheckpointerTest, DeletesWhatThePolicyLetsGo) {
  checkpoints_.set_policy({.keep_last = 2});
  for (const int64_t step : {1, 2, 3, 4}) write(step);
  EXPECT_THAT(there(), ElementsAre(3, 4));
}

TEST_F(CheckpointerTest, KeepsTheBestByTheMetricWhenItWasWritten) {
  checkpoints_.set_policy({.keep_last = 1, .best_metric = "accuracy"});
  for (const auto& [step, value] : {std::pair(1, 0.5), {2, 0.9}, {3, 0.7}, {4, 0.6}}) {
    log_metric("accuracy", value, step);
    write(step);
  }
  EXPECT_THAT(there(), ElementsAre(2, 4));
}

TEST_F(CheckpointerTest, AResumedRunRecallsWhichWasTheBest) {
  const CheckpointPolicy policy{.keep_last = 1, .best_metric = "accuracy"};
  checkpoints_.set_policy(policy);
  for (const auto& [step, value] : {std::pair(1, 0.9), {2, 0.5}}) {
    log_metric("accuracy", value, step);
    write(step);
  }
  checkpoints_ = Checkpointer();
  checkpoints_.take_over(policy);
  checkpoints_.set_restored(at(2));
  checkpoints_.recall(folder(), 2);
  EXPECT_FALSE(checkpoints_.due(at(2), true)) << "it improved before";
  log_metric("accuracy", 0.8, 3);
  write(3);
  EXPECT_THAT(there(), ElementsAre(1, 3));
}

// A resumed run's log goes on before the mark of the checkpoint that it was restored from.
TEST_F(CheckpointerTest, ARestoredCheckpointCanBeTheBest) {
  const CheckpointPolicy policy{.keep_last = 1, .best_metric = "accuracy"};
  checkpoints_.set_policy(policy);
  log_metric("accuracy", 0.9, 2);
  write(2);
  const LogPosition end = checkpoint_of(2).log;
  std::destroy_at(&sink_);
  std::construct_at(&sink_);
  sink_.open(std::make_unique<EventWriter>(file_system(), folder(), end, 3));
  checkpoints_ = Checkpointer();
  checkpoints_.take_over(policy);
  checkpoints_.set_restored(at(2));
  checkpoints_.recall(folder(), 2);
  log_metric("accuracy", 0.8, 3);
  write(3);
  EXPECT_THAT(there(), ElementsAre(2, 3));
}

// A file of a later step was passed over, or the run would be there: it is no candidate, and stays for a look.
TEST_F(CheckpointerTest, LeavesADamagedOneOfALaterStep) {
  write_checkpoint(file_system(), folder(), 9, as_bytes("damaged"));
  checkpoints_.take_over({.keep_last = 1});
  checkpoints_.recall(folder(), 0);
  write(1);
  write(2);
  EXPECT_THAT(there(), ElementsAre(2, 9));
}

}  // namespace
}  // namespace stet::tracking
