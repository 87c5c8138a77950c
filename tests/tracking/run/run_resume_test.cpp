// What a resumed run takes over besides its state, and how runs end.
#include <gtest/gtest.h>

#include <fstream>

#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/restart_point.h"
#include "stet/tracking/record/run_folder.h"
#include "tracking/run_harness.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

std::vector<int64_t> kept(const Path& run) {
  std::vector<int64_t> steps;
  for (const CheckpointFile& file : list_checkpoints(run)) steps.push_back(file.step);
  return steps;
}

RunStatus status_now(const Path& run) { return status_of(run, read_record(run)); }

TEST(RunResume, TheBestCheckpointStays) {
  TempFolder folder;
  ASSERT_EQ(run_scenario(folder.path(), {"--form", "scores", "--max-steps", "10"}).status, 0);
  const Path run = only_run(folder.path());
  EXPECT_EQ(kept(run), (std::vector<int64_t>{6, 10}));
  ASSERT_EQ(run_scenario(folder.path(), {"--resume", "latest"}).status, 0);
  EXPECT_EQ(kept(run), (std::vector<int64_t>{6, 20}));
}

TEST(RunResume, ADamagedNewerCheckpointCostsNoOther) {
  TempFolder folder;
  ASSERT_EQ(run_scenario(folder.path(), {"--form", "scores", "--max-steps", "10"}).status, 0);
  const Path run = only_run(folder.path());
  std::ofstream(checkpoint_path(run, 10), std::ios::app) << "x";
  ASSERT_EQ(run_scenario(folder.path(), {"--resume", "latest", "--max-steps", "9"}).status, 0);
  EXPECT_EQ(find_restart_point(Folder(run)).checkpoint->step, 9);
  ASSERT_EQ(run_scenario(folder.path(), {"--resume", "latest"}).status, 0);
  EXPECT_EQ(kept(run), (std::vector<int64_t>{6, 20}));
}

TEST(RunResume, BeforeTheSecondLoopsFirstCheckpoint) {
  TempFolder undisturbed, folder;
  ASSERT_EQ(run_scenario(undisturbed.path(), {"--form", "stages"}).status, 0);
  for (const int at : {1, 3}) {
    ASSERT_EQ(run_scenario(folder.path(), at == 1 ? Arguments{"--form", "stages"} : Arguments{"--resume", "latest"},
                           {{"STET_TEST_KILL", "second:" + std::to_string(at)}})
                  .status,
              137);
  }
  EXPECT_EQ(resumed_difference(folder.path(), {}, outcome_of(only_run(undisturbed.path()))), "");
}

TEST(RunResume, APlaceStaysWhereTheRunWasBegun) {
  TempFolder folder;
  const std::string runs = (folder / "runs").string();
  for (const char* name : {"a", "b", "c"}) std::filesystem::create_directories(folder / name);
  std::ofstream(folder / "a" / "file") << "x";
  ASSERT_EQ(run_scenario(folder / "a", {"--runs", runs, "--data", "file", "--max-steps", "3"}).status, 0);
  for (const auto& [cwd, steps] : {std::pair("b", "6"), std::pair("c", "9")}) {
    const Ended ended = run_scenario(folder / cwd, {"--runs", runs, "--resume", "latest", "--max-steps", steps});
    EXPECT_EQ(ended.status, 0) << ended.err;
  }
}

TEST(RunEnd, AnExceptionThatTheProgramCatchesIsAFailure) {
  TempFolder folder;
  const Arguments form{"--form", "catches", "--checkpoint-every", "4"};
  EXPECT_EQ(run_scenario(folder.path(), form, {{"STET_TEST_THROW", "caught"}}).status, 3);
  EXPECT_EQ(status_now(only_run(folder.path())), RunStatus::failed);
  EXPECT_EQ(run_scenario(folder.path(), {"--resume", "latest"}).status, 0);
  EXPECT_EQ(status_now(only_run(folder.path())), RunStatus::finished);
}

TEST(RunEnd, AnExceptionIsToldInOneLine) {
  TempFolder folder;
  const Ended ended = run_scenario(folder.path(), {"--form", "catches"}, {{"STET_TEST_THROW", "uncaught"}});
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(ended.err, "scenario: in two lines\n");
}

TEST(RunEnd, ABreakAtALossThatIsNoneIsAFailureThoughTheProgramCatchesIt) {
  TempFolder folder;
  EXPECT_EQ(run_scenario(folder.path(), {"--form", "insists"}, {{"STET_TEST_THROW", "caught"}}).status, 0);
  EXPECT_EQ(status_now(only_run(folder.path())), RunStatus::failed);
}

TEST(RunEnd, WhatRefusesAResumeIsFinalThoughTheProgramCatchesIt) {
  TempFolder folder;
  ASSERT_EQ(run_scenario(folder.path(), {"--form", "insists", "--max-steps", "5"}).status, 0);
  for (const char* steps : {"3", "-1"}) {
    const Ended ended = run_scenario(folder.path(), {"--resume", "latest"}, {{"STET_TEST_STEPS", steps}});
    EXPECT_EQ(ended.status, 2);
    EXPECT_NE(ended.err.find("this program's loops are not those of the run"), std::string::npos) << ended.err;
  }
  EXPECT_EQ(status_now(only_run(folder.path())), RunStatus::interrupted);
  EXPECT_EQ(run_scenario(folder.path(), {"--resume", "latest"}).status, 0);
  EXPECT_EQ(status_now(only_run(folder.path())), RunStatus::finished);
}

TEST(RunEnd, LoopsThatDoNotNestAreRefused) {
  TempFolder folder;
  const Ended ended = run_scenario(folder.path(), {"--form", "side"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_NE(ended.err.find("loops: one goes on while"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace stet::tracking
