// What verification compares beside digests, what it names instead, and runs that failed, moved or were cut short.
#include "stet/tracking/reading/verification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_of.h"
#include "stet/tensor/error.h"
#include "stet/tensor/sha256.h"
#include "stet/tracking/reading/newest_verdict.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/run_folder.h"
#include "tracking/run_harness.h"
#include "tracking/sealing.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class Verification : public testing::Test {
 protected:
  Ended train(Arguments arguments, const Environment& environment = {}) {
    arguments.insert(arguments.end(), {"--checkpoint-every", "7"});
    return run_scenario(folder_.path(), arguments, environment);
  }
  Path run() const { return only_run(folder_.path()); }
  Verdict verdict(const VerifyOptions& options = {}) const { return verify(run(), options); }
  std::optional<bool> newest() const {
    bool passing = false;
    return newest_verdict(Folder(run()), passing);
  }
  TempFolder folder_;
};

TEST_F(Verification, SaysThatTheRunIsAsItWasSealed) {
  ASSERT_EQ(train({}).status, 0);
  EXPECT_EQ(verdict().line, "verified: 39 of 39 steps run, 46 of 46 digests equal; sealed");
  EXPECT_THAT(verdict().differences, IsEmpty());
  EXPECT_THAT(verdict().not_vouched_for(), Contains("notes and output.log"));
}

TEST_F(Verification, FromCheckpointsFindsALostResultThatNoDigestCovers) {
  ASSERT_EQ(train({"--form", "reached"}).status, 0);
  EXPECT_TRUE(verdict().verified()) << verdict().line;
  const Verdict found = verdict({.resumes = true});
  EXPECT_FALSE(found.verified());
  EXPECT_THAT(found.line, AllOf(HasSubstr("there is state outside run.track"), HasSubstr("metric reached")));
}

TEST_F(Verification, AReportIsOfTheRecordThatWasVerified) {
  ASSERT_EQ(train({"--max-steps", "6"}).status, 0);
  EXPECT_EQ(newest(), std::nullopt);
  leave_report(run(), {}, verdict());
  EXPECT_EQ(newest(), true);
  ASSERT_EQ(train({"--resume", "latest"}).status, 0);
  EXPECT_EQ(newest(), std::nullopt) << "nobody has verified what came since";
  std::filesystem::create_directories(run() / "notes");
  overwrite(run() / "notes/verify-20200101-000000-1.json", "{\"verified\": true}");
  EXPECT_EQ(newest(), true) << "an older version's says of none";
}

TEST_F(Verification, NamesWhatIsDeclaredToVaryAndWhatDependsOnSurroundings) {
  ASSERT_EQ(train({"--form", "times"}).status, 0);
  const Verdict found = verdict();
  EXPECT_TRUE(found.verified()) << found.line;
  EXPECT_THAT(found.varying, ElementsAre("declared"));
  EXPECT_THAT(found.depends_on_surroundings, ElementsAre("metric undeclared", "text when"));
  EXPECT_THAT(found.not_vouched_for(),
              AllOf(Contains("metric declared (declared to vary)"), Contains("text when (depends on surroundings)")));
}

class LoopsWithoutIterations : public testing::TestWithParam<std::tuple<const char*, Environment>> {};

// Stopped at every ninth step, after a kill between loops too: each boundary has one digest.
TEST_P(LoopsWithoutIterations, AreVerified) {
  const char* const form = std::get<0>(GetParam());
  const Environment& kill = std::get<1>(GetParam());
  TempFolder folder;
  const auto run = [&](Arguments more, const Environment& environment = {}) {
    more.insert(more.end(), {"--form", form, "--epochs", "1", "--checkpoint-every", "7"});
    return run_scenario(folder.path(), more, environment).status;
  };
  Arguments again{};
  if (!kill.empty()) {
    ASSERT_EQ(run({}, kill), 137);
    again = {"--resume", "latest"};
  }
  for (int stop = 1; stop < 20; stop += 9) {
    Arguments arguments = again;
    arguments.insert(arguments.end(), {"--max-steps", std::to_string(stop)});
    ASSERT_EQ(run(arguments), 0);
    EXPECT_TRUE(verify(only_run(folder.path()), {}).verified()) << verify(only_run(folder.path()), {}).line;
    again = {"--resume", "latest"};
  }
  ASSERT_EQ(run(again), 0);
  const Verdict found = verify(only_run(folder.path()), {});
  EXPECT_TRUE(found.verified()) << found.line;
}

INSTANTIATE_TEST_SUITE_P(Forms, LoopsWithoutIterations,
                         testing::Values(std::tuple("hollow", Environment{}), std::tuple("left", Environment{}),
                                         std::tuple("torn", Environment{}),
                                         std::tuple("hollow", Environment{{"STET_TEST_KILL", "between:1"}}),
                                         std::tuple("torn", Environment{{"STET_TEST_KILL", "torn:1"}})),
                         [](const auto& info) { return std::get<0>(info.param) + std::to_string(info.index); });

TEST_F(Verification, AFieldOfTheRecordThatNoDigestCoversIsCompared) {
  ASSERT_EQ(train({}).status, 0);
  replace_once(run() / "run.json", "\"meaning\": \"learning rate\"", "\"meaning\": \"a rate\"");
  seal_anew(run());
  EXPECT_THAT(verdict().line, HasSubstr("params[lr].meaning: a rate, and run again learning rate"));
}

TEST_F(Verification, ARunThatFailedFailsAgain) {
  ASSERT_EQ(train({"--form", "nan"}).status, 1);
  EXPECT_THAT(verdict().line, AllOf(StartsWith("verified: 8 of 8 steps run"),
                                    HasSubstr("and it fails as recorded: step 9: the loss is nan")));
}

TEST_F(Verification, ARunThatFailedInItsFirstStepFailsAgain) {
  ASSERT_EQ(train({"--form", "nan at once"}).status, 1);
  EXPECT_THAT(verdict().line,
              AllOf(StartsWith("verified: 0 of 0 steps run"), HasSubstr("fails as recorded: step 1: the loss is nan")));
}

TEST_F(Verification, ARunThatDoesNotFailAgainIsNotVerified) {
  ASSERT_EQ(train({"--form", "catches"}, {{"STET_TEST_THROW", "caught"}}).status, 3);
  EXPECT_THAT(verdict().line, HasSubstr("not verified: it failed in step 9: "));
  EXPECT_THAT(verdict().line, HasSubstr("; run again, it went on"));
}

TEST_F(Verification, ARunThatWasKilledInItsFirstStep) {
  ASSERT_EQ(train({}, {{"STET_TEST_KILL", "step:1"}}).status, 137);
  EXPECT_EQ(verdict().line, "can't be verified: its log holds no digests: it ended before its first step did");
}

TEST_F(Verification, FindsDataWhereItLiesNow) {
  overwrite(folder_ / "samples", "one two three");
  ASSERT_EQ(train({"--data", (folder_ / "samples").string()}).status, 0);
  std::filesystem::create_directory(folder_ / "elsewhere");
  std::filesystem::rename(folder_ / "samples", folder_ / "elsewhere/samples");
  EXPECT_THAT(verdict().line, HasSubstr("data changed: " + (folder_ / "samples").string() +
                                        " is gone; where it was moved, say so with --data PLACE"));
  EXPECT_EQ(verdict().seal.state, SealState::sealed) << "as it is, though nothing was run";
  const std::string there = (folder_ / "elsewhere/samples").string();
  EXPECT_TRUE(verdict({.places = {{"data", there}}}).verified());
  overwrite(there, "one two three!");
  EXPECT_THAT(verdict({.places = {{"data", there}}}).line, HasSubstr("is not the file that the run read"));
  EXPECT_THAT(error_of([&] { verdict({.places = {{"nothing", there}}}); }), HasSubstr("has no such place"));
}

TEST_F(Verification, ARecordWithoutLaunches) {
  ASSERT_EQ(train({}).status, 0);
  overwrite(run() / "run.json", "{\"id\": \"x\", \"launches\": []}");
  EXPECT_FALSE(verdict().verified());
}

TEST_F(Verification, CheckpointsAllDeleted) {
  ASSERT_EQ(train({}).status, 0);
  for (const auto& file : std::filesystem::directory_iterator(run() / "checkpoints")) std::filesystem::remove(file);
  EXPECT_THAT(verdict().line, HasSubstr("altered since it ended: checkpoints/"));
  seal_anew(run());
  EXPECT_THAT(verdict().line, HasSubstr("step-00000039.h5 is gone"));
}

TEST_F(Verification, StepsThatNeverWere) {
  ASSERT_EQ(train({}).status, 0);
  replace_once(run() / "run.json", "\"steps\": \"39\"", "\"steps\": \"999\"");
  seal_anew(run());
  EXPECT_THAT(verdict().line, HasSubstr("the run has 999 steps, and ended after 39"));
}

TEST_F(Verification, StepsAndBestValuesOfAnInterruptedRun) {
  ASSERT_EQ(train({"--form", "measures", "--max-steps", "10"}).status, 0);
  EXPECT_TRUE(verdict().verified()) << verdict().line;
  const std::string record = read_file(run() / "run.json");
  replace_once(run() / "run.json", "\"steps\": \"10\"", "\"steps\": \"9\"");
  replace_once(run() / "run.json", "\"last_step\": \"10\"", "\"last_step\": \"9\"");
  seal_anew(run());
  EXPECT_THAT(verdict().line, HasSubstr("the run ended after 9 steps, and the log at step 10"));
  overwrite(run() / "run.json", record);
  std::string changed = record;
  char& digit = changed.at(changed.find("\"value\": ", changed.find("\"summaries\": ")) + 9);
  digit = digit == '1' ? '2' : '1';
  overwrite(run() / "run.json", changed);
  seal_anew(run());
  EXPECT_THAT(verdict().line, HasSubstr("summaries[0].value: "));
}

TEST_F(Verification, TheLastLossOfAnInterruptedRun) {
  ASSERT_EQ(train({"--max-steps", "5"}).status, 0);
  EXPECT_TRUE(verdict().verified()) << verdict().line;
  const Path log = list_segments(Folder(run())).at(0).entry.path();
  std::string without;
  EventReader reader{Folder(run())};
  for (record::Event event; reader.next(event);)
    if (!(event.has_loss_digest() && event.step() == 5)) without += frame(event.SerializeAsString());
  overwrite(log, without);
  seal_anew(run());
  EXPECT_THAT(verdict().line, HasSubstr("step 5: the loss was not recorded"));
}

TEST_F(Verification, CountsCheckpointsFromWhichItWentOn) {
  ASSERT_EQ(train({"--max-steps", "1"}).status, 0);
  EXPECT_THAT(verdict({.resumes = true}).line, Not(HasSubstr("from 1 checkpoint")));
}

TEST_F(Verification, AllowNanSurvivesAResume) {
  ASSERT_EQ(train({"--form", "nan", "--allow-nan", "--max-steps", "5"}).status, 0);
  const Ended resumed = run_scenario(folder_.path(), {"--resume", "latest"});
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_TRUE(verdict().verified()) << verdict().line;
}

TEST_F(Verification, DataWithoutSamplesIsKnownByItsFiles) {
  overwrite(folder_ / "samples", "one two three");
  ASSERT_EQ(train({"--data", (folder_ / "samples").string(), "--max-steps", "5"}).status, 0);
  overwrite(folder_ / "samples", "three two one");
  const Ended resumed = run_scenario(folder_.path(), {"--resume", "latest"});
  EXPECT_EQ(resumed.status, 2);
  EXPECT_THAT(resumed.err, HasSubstr("the data set file is not what run"));
}

TEST_F(Verification, WhatIsUsedAndNotTrackedIsRefusedByName) {
  const Ended optimizer = train({}, {{"STET_TEST_UNTRACKED", "opt"}});
  EXPECT_EQ(optimizer.status, 1);
  EXPECT_THAT(optimizer.err, HasSubstr("step 1: an optimizer that is not tracked trains"));
  const Ended parameters = train({}, {{"STET_TEST_UNTRACKED", "net"}});
  EXPECT_EQ(parameters.status, 1);
  EXPECT_THAT(parameters.err, HasSubstr("trains parameters that are not tracked"));
  const Ended late = train({"--form", "late"});
  EXPECT_EQ(late.status, 1);
  EXPECT_THAT(late.err, HasSubstr("track: 'sum' is tracked within a loop"));
}

TEST_F(Verification, ARecordCannotSteerTheProgramElsewhere) {
  ASSERT_EQ(train({}).status, 0);
  replace_once(run() / "run.json", "\"name\": \"lr\"", "\"name\": \"resume\"");
  seal_anew(run());
  EXPECT_THAT(verdict().line, HasSubstr("a parameter or place 'resume', which no program can have"));
}

TEST_F(Verification, OthersReadTheSameInTheRecord) {
  ASSERT_EQ(train({}).status, 0);
  replace_once(run() / "run.json", "\"parameter_count\"", "\"parameter_count\": \"999\", \"parameterCount\"");
  std::string text = read_file(run() / "run.json");
  const size_t at = text.find("\"record_sha256\": \"") + 18;
  const std::string zeros(64, '0');
  text.replace(at, 64, zeros);
  overwrite(run() / "run.json", text.replace(at, 64, sha256_hex(text)));
  ASSERT_EQ(check_seal(Folder(run()), SealDepth::everything).state, SealState::sealed);
  EXPECT_THAT(verdict().line, HasSubstr("run.json: holds what its version does not write"));
}

TEST_F(Verification, ACheckpointThatAResumePassedOverIsNamed) {
  ASSERT_EQ(run_scenario(folder_.path(), {"--checkpoint-every", "5"}, {{"STET_TEST_KILL", "step:13"}}).status, 137);
  std::filesystem::resize_file(run() / "checkpoints/step-00000010.h5", 1000);
  ASSERT_EQ(run_scenario(folder_.path(), {"--resume", "latest", "--checkpoint-every", "3000"}).status, 0);
  const Verdict found = verdict();
  EXPECT_TRUE(found.verified()) << found.line;
  EXPECT_THAT(found.not_vouched_for(), Contains("checkpoints/step-00000010.h5 (no file of this run)"));
}

TEST_F(Verification, NamesFilesThatTheRecordKnowsNothingOf) {
  ASSERT_EQ(train({}).status, 0);
  overwrite(run() / "weights.h5", "not this run's");
  const Verdict found = verdict();
  EXPECT_TRUE(found.verified()) << found.line;
  EXPECT_THAT(found.not_vouched_for(), Contains("weights.h5 (no file of this run)"));
}

TEST_F(Verification, FindsDataThatMovedBeforeAResume) {
  overwrite(folder_ / "samples", "one two three");
  ASSERT_EQ(train({"--data", (folder_ / "samples").string(), "--max-steps", "5"}).status, 0);
  std::filesystem::rename(folder_ / "samples", folder_ / "moved");
  ASSERT_EQ(run_scenario(folder_.path(), {"--resume", "latest", "--data", (folder_ / "moved").string()}).status, 0);
  EXPECT_TRUE(verdict().verified()) << verdict().line;
  std::filesystem::rename(folder_ / "moved", folder_ / "again");
  EXPECT_TRUE(verdict({.places = {{"data", (folder_ / "again").string()}}}).verified());
}

TEST_F(Verification, SaysOfAKilledRunWhatItDoesNotCompare) {
  ASSERT_EQ(train({}, {{"STET_TEST_KILL", "step:20"}}).status, 137);
  EXPECT_TRUE(verdict().verified());
  EXPECT_THAT(verdict().not_vouched_for(), Contains(HasSubstr("behind its last digest")));
}

}  // namespace
}  // namespace stet::tracking
