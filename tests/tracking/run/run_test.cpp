// What a run refuses, and how it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "tracking/run_harness.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Every file of a folder, and what it holds.
std::map<std::string, std::string> content(const Path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().filename() != ".lock")
      files[entry.path().string()] = read_file(entry.path());
  }
  return files;
}

void expect_refused(const Ended& ended, const std::string& what) {
  EXPECT_EQ(ended.status, 2) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr(what));
  EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
}

class RunRefuses : public testing::TestWithParam<std::tuple<Arguments, std::string>> {};

TEST_P(RunRefuses, InOneLineAndLeavesNoRun) {
  const auto& [arguments, what] = GetParam();
  TempFolder folder;
  expect_refused(run_scenario(folder.path(), arguments), what);
  EXPECT_FALSE(std::filesystem::exists(folder / "runs"));
}

INSTANTIATE_TEST_SUITE_P(BadInput, RunRefuses,
                         testing::Values(std::tuple(Arguments{"--bogus", "1"}, "--bogus"),
                                         std::tuple(Arguments{"--lr", "abc"}, "--lr abc"),
                                         std::tuple(Arguments{"--lr", "-1"}, "--lr -1"),
                                         std::tuple(Arguments{"--lr", "nan"}, "--lr nan"),
                                         std::tuple(Arguments{"--epochs", "0"}, "--epochs 0"),
                                         std::tuple(Arguments{"--seed", "1e99"}, "--seed 1e99"),
                                         std::tuple(Arguments{"--form", "banana"}, "--form banana"),
                                         std::tuple(Arguments{"--device", "tpu"}, "--device tpu"),
                                         std::tuple(Arguments{"--max-steps", "-3"}, "--max-steps -3"),
                                         std::tuple(Arguments{"--data", "/not/there"}, "/not/there"),
                                         std::tuple(Arguments{"--resume", "nothing"}, "nothing"),
                                         std::tuple(Arguments{"--runs", "/proc/runs"}, "/proc/runs")));

TEST(RunWarns, OfLoopsThatAreNoneOfTheRuns) {
  TempFolder folder;
  const Ended ended = run_scenario(folder.path(), {"--form", "batches"});
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("an optimizer stepped 4 times in one step"), HasSubstr("run.steps(loader)"),
                               HasSubstr("an optimizer stepped 1 time outside of run.epochs and run.steps")));
}

TEST(RunWarns, OfMetricsThatWereNeverLogged) {
  TempFolder folder;
  const Ended misspelt = run_scenario(folder.path(), {}, {{"STET_TEST_METRIC", "lass"}});
  EXPECT_EQ(misspelt.status, 0);
  EXPECT_THAT(misspelt.err, AllOf(HasSubstr("checkpoint: no metric 'lass' was logged; did you mean 'loss'?"),
                                  HasSubstr("summary: no metric 'lass' was logged; did you mean 'loss'?")));
  const Ended shown = run_program(STET_PROGRAM, folder.path(), {"show", "latest"});
  EXPECT_EQ(shown.out.find("max lass"), std::string::npos);
  EXPECT_EQ(run_scenario(folder.path(), {}, {{"STET_TEST_METRIC", "loss"}}).err, "");
}

// Made, and stopped after 20 steps.
class StoppedRun : public testing::Test {
 protected:
  void SetUp() override {
    const Ended ended = run_scenario(folder_.path(), {"--checkpoint-every", "7", "--max-steps", "20"});
    ASSERT_EQ(ended.status, 0) << ended.err;
    run_ = only_run(folder_.path());
  }
  Ended resumed(Arguments more = {}, const Environment& environment = {}) {
    more.insert(more.end(), {"--resume", "latest"});
    return run_scenario(folder_.path(), more, environment);
  }
  void expect_untouched(const Arguments& more, const Environment& environment, const std::string& what) {
    const auto before = content(run_);
    expect_refused(resumed(more, environment), what);
    EXPECT_EQ(content(run_), before);
  }
  TempFolder folder_;
  Path run_;
};

TEST_F(StoppedRun, IsMarkedInterrupted) {
  const auto record = read_record(run_);
  EXPECT_EQ(status_of(run_, record), RunStatus::interrupted);
  EXPECT_EQ(record.launches(0).end().message(), "max-steps");
  EXPECT_EQ(record.steps(), 20);
}

TEST_F(StoppedRun, IsNotResumedByAnotherProgram) {
  expect_untouched({}, {{"STET_TEST_NAME", "other"}}, "was made by the program 'scenario', not by 'other'");
}

TEST_F(StoppedRun, IsNotResumedWithOtherParameters) { expect_untouched({"--lr", "0.5"}, {}, "was begun with 0.05"); }

TEST_F(StoppedRun, IsNotResumedWithAnotherSeed) { expect_untouched({"--seed", "2"}, {}, "--seed 2"); }

TEST_F(StoppedRun, IsNotResumedWhenTheModelHasOtherShapes) {
  const auto before = content(run_);
  const Ended ended = resumed({}, {{"STET_TEST_HIDDEN", "6"}});
  expect_refused(ended, "net/in is float32 [4, 6] here and float32 [4, 5] there");
  EXPECT_THAT(ended.err, AllOf(HasSubstr("net/out"), HasSubstr("opt/in"), HasSubstr("opt/out")));
  EXPECT_EQ(content(run_), before);
}

TEST_F(StoppedRun, IsNotResumedWhileItRuns) {
  const HeldRun held = open_run(real_file_system(), run_);
  expect_refused(resumed(), "is running");
}

TEST_F(StoppedRun, TakesTheNewestWholeCheckpoint) {
  auto checkpoints = list_checkpoints(run_);
  ASSERT_GE(checkpoints.size(), 2u);
  std::string bytes = read_file(checkpoints.back().entry);
  bytes.resize(bytes.size() / 2);
  write_file(real_file_system(), Folder(folder_.path()) / "cut", as_bytes(bytes));
  std::filesystem::rename(folder_ / "cut", checkpoints.back().entry.path());
  const Ended ended = resumed();
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr(checkpoints.back().entry.name()));
  EXPECT_EQ(read_record(run_).launches(1).first_step(), checkpoints[checkpoints.size() - 2].step);
}

TEST_F(StoppedRun, IsFinishedOnce) {
  ASSERT_EQ(resumed().status, 0);
  EXPECT_EQ(status_of(run_, read_record(run_)), RunStatus::finished);
  const auto before = content(run_);
  const Ended again = resumed();
  EXPECT_EQ(again.status, 0);
  EXPECT_THAT(again.out, HasSubstr("has finished"));
  EXPECT_EQ(content(run_), before);
}

TEST_F(StoppedRun, HoldsWhatTheProgramPrinted) {
  ASSERT_EQ(resumed().status, 0);
  EXPECT_EQ(run_scenario(folder_.path(), {"--form", "nan"}).status, 1);
  const std::string printed = read_file(list_runs(folder_ / "runs").back() / "output.log");
  EXPECT_THAT(printed, HasSubstr("the loss is nan"));
}

TEST(Run, StopsAtANanLoss) {
  TempFolder folder;
  const Ended ended = run_scenario(folder.path(), {"--form", "nan", "--checkpoint-every", "2"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("step 9: the loss is nan"));
  const Path run = only_run(folder.path());
  EXPECT_EQ(status_of(run, read_record(run)), RunStatus::failed);
  EXPECT_EQ(list_checkpoints(run).back().step, 8);
}

TEST(Run, GoesOnAfterANanWhenAllowed) {
  TempFolder folder;
  EXPECT_EQ(run_scenario(folder.path(), {"--form", "nan", "--allow-nan"}).status, 0);
  EXPECT_EQ(list_checkpoints(only_run(folder.path())).back().step, 12);
}

TEST(Run, SavesACheckpointWhenInterrupted) {
  TempFolder folder, whole;
  ASSERT_EQ(run_scenario(whole.path(), {"--checkpoint-every", "7"}).status, 0);
  const Ended ended = run_scenario(folder.path(), {"--checkpoint-every", "7"}, {{"STET_TEST_INTERRUPT", "step:16"}});
  EXPECT_EQ(ended.status, 130);
  const Path run = only_run(folder.path());
  EXPECT_EQ(status_of(run, read_record(run)), RunStatus::interrupted);
  EXPECT_EQ(list_checkpoints(run).back().step, 16);
  EXPECT_EQ(resumed_difference(folder.path(), {"--checkpoint-every", "7"}, outcome_of(only_run(whole.path()))), "");
}

TEST(Run, KeepsTheBestCheckpoint) {
  TempFolder folder;
  ASSERT_EQ(run_scenario(folder.path(), {"--form", "best", "--epochs", "8"}).status, 0);
  const Path run = only_run(folder.path());
  double least = 1e9;
  int64_t best = 0;
  int64_t epoch = 0;
  for (const std::string& line : outcome_of(run).metrics) {
    const double value = std::bit_cast<double>(std::stoull(line.substr(line.find("error ") + 6, 16), nullptr, 16));
    ++epoch;
    if (value < least) {
      least = value;
      best = epoch * 13;
    }
  }
  ASSERT_EQ(epoch, 8);
  std::vector<int64_t> steps;
  for (const CheckpointFile& c : list_checkpoints(run)) steps.push_back(c.step);
  EXPECT_THAT(steps, testing::Contains(best));
  EXPECT_LE(steps.size(), 2u);
}

TEST(Run, ChoosesTheSameDigestsOnAnyNumberOfThreads) {
  TempFolder one, three;
  ASSERT_EQ(run_scenario(one.path(), {}).status, 0);
  ASSERT_EQ(run_program(STET_SCENARIO, three.path(), {"--quiet", "--threads", "3"}).status, 0);
  const Outcome a = outcome_of(only_run(one.path())), b = outcome_of(only_run(three.path()));
  EXPECT_EQ(a.digests, b.digests);
  EXPECT_EQ(difference(a, b), "");
}

}  // namespace
}  // namespace stet::tracking
