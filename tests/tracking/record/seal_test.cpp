#include "stet/tracking/record/seal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stet/tensor/error.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "tracking/run_harness.h"
#include "tracking/sealing.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Seals : public testing::Test {
 protected:
  void train(const Arguments& arguments = {}, const Environment& environment = {}, int status = 0) {
    Arguments all{"--form", "average", "--checkpoint-every", "7"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    ASSERT_EQ(run_scenario(folder_.path(), all, environment).status, status);
  }
  Path run() const { return only_run(folder_.path()); }
  Path log() const { return list_segments(Folder(run())).back().entry.path(); }
  SealCheck check(SealDepth depth = SealDepth::everything) const { return check_seal(Folder(run()), depth); }
  TempFolder folder_;
};

TEST_F(Seals, AreMadeWhenARunEnds) {
  train();
  EXPECT_EQ(check().state, SealState::sealed);
  EXPECT_EQ(check().line(), "sealed");
  const record::RunRecord record = read_record(Folder(run()));
  std::vector<std::string> paths;
  for (const auto& file : record.launches(0).end().seal().files()) paths.push_back(file.path());
  EXPECT_THAT(paths, testing::IsSupersetOf(std::vector<std::string>{
                         "artifacts/average.txt", "checkpoints/step-00000039.h5", log().filename().string()}));
}

TEST_F(Seals, OfARunThatStoppedOrFailed) {
  train({"--max-steps", "20"});
  EXPECT_EQ(check().state, SealState::sealed);
  std::filesystem::remove_all(folder_ / "runs");
  ASSERT_EQ(run_scenario(folder_.path(), {"--form", "nan"}).status, 1);
  EXPECT_EQ(check().state, SealState::sealed);
}

TEST_F(Seals, AreMadeAnewWhenARunThatWentOnEnds) {
  train({"--max-steps", "20"});
  train({"--resume", "latest"});
  EXPECT_EQ(check().state, SealState::sealed);
  EXPECT_EQ(read_record(Folder(run())).launches_size(), 2);
}

TEST_F(Seals, ARunThatWasKilledHasNone) {
  ASSERT_EQ(run_scenario(folder_.path(), {}, {{"STET_TEST_KILL", "step:20"}}).status, 137);
  const SealCheck found = check_seal(Folder(list_runs(folder_ / "runs").back()), SealDepth::everything);
  EXPECT_EQ(found.state, SealState::open);
  EXPECT_FALSE(found.stopped_log);
  EXPECT_EQ(found.line(), "unsealed");
}

TEST_F(Seals, NameEachFileThatDiffers) {
  train();
  flip_byte(run() / "checkpoints/step-00000039.h5", 2000);
  overwrite(run() / "artifacts/average.txt", "1");
  std::filesystem::remove(run() / "checkpoints/step-00000035.h5");
  overwrite(run() / "artifacts/more.txt", "");
  EXPECT_THAT(
      check().altered,
      ElementsAre(HasSubstr("artifacts/average.txt has 1 bytes and had"), "checkpoints/step-00000035.h5 is gone",
                  "checkpoints/step-00000039.h5 has other bytes", "artifacts/more.txt was not there"));
  EXPECT_THAT(check().line(), HasSubstr("altered since it ended: artifacts/average.txt"));
  EXPECT_EQ(check(SealDepth::record_and_log).state, SealState::sealed);
}

TEST_F(Seals, KnowALinkFromAFile) {
  train();
  const Path artifact = run() / "artifacts/average.txt";
  overwrite(folder_ / "elsewhere", read_file(artifact));
  std::filesystem::remove(artifact);
  std::filesystem::create_symlink(folder_ / "elsewhere", artifact);
  EXPECT_THAT(check().altered, ElementsAre("artifacts/average.txt is not a file"));
}

TEST_F(Seals, CoverTheLogAndTheRecord) {
  train();
  flip_byte(log(), 100);
  EXPECT_THAT(check(SealDepth::record_and_log).altered, ElementsAre(log().filename().string() + " has other bytes"));
  flip_byte(log(), 100);
  EXPECT_EQ(check().state, SealState::sealed);
  overwrite(run() / "run.json", read_file(run() / "run.json") + "\n");
  EXPECT_THAT(check(SealDepth::record_and_log).altered, ElementsAre("run.json has other bytes"));
}

TEST_F(Seals, AnotherSegmentIsAnAlteration) {
  train();
  overwrite(run() / "events.out.tfevents.1.x.1.7", "");
  EXPECT_THAT(check(SealDepth::record_and_log).altered, ElementsAre("events.out.tfevents.1.x.1.7 was not there"));
}

TEST_F(Seals, NotesOutputAndLockLieOutside) {
  train();
  std::filesystem::create_directories(run() / "notes");
  overwrite(run() / "notes/mine", "x");
  overwrite(run() / "output.log", "x");
  overwrite(run() / ".lock", "x");
  EXPECT_EQ(check().state, SealState::sealed);
}

TEST_F(Seals, AFieldThatHidesTheSealIsAnAlteration) {
  train();
  replace_once(run() / "run.json", "\"launches\"", "\"launchez\"");
  EXPECT_EQ(check().state, SealState::altered);
  EXPECT_THAT(check().line(), HasSubstr("run.json holds a field that its version does not write"));
}

TEST_F(Seals, ARecordOfANewerVersionMayHoldMore) {
  train();
  record::RunRecord record = read_record(Folder(run()));
  record.mutable_launches(0)->mutable_end()->clear_seal();
  record.set_stet_version("999.0.0");
  overwrite(run() / "run.json", to_json(record));
  replace_once(run() / "run.json", "{", "{ \"something\": 1,");
  EXPECT_EQ(check().state, SealState::unsealed);
}

// What one launch left is still known when the next one was killed.
TEST_F(Seals, OfAnEarlierLaunchHoldAfterAKill) {
  ASSERT_EQ(run_scenario(folder_.path(), {"--checkpoint-every", "7", "--max-steps", "20"}).status, 0);
  const Path sealed_log = log(), artifact = run() / "artifacts/more.txt";
  record::RunRecord record = read_record(Folder(run()));
  std::filesystem::create_directory(run() / "artifacts");
  overwrite(artifact, "as it was");
  seal_files(record, Folder(run()));
  write_record(real_file_system(), Folder(run()), record);
  ASSERT_EQ(run_scenario(folder_.path(), {"--resume", "latest"}, {{"STET_TEST_KILL", "step:5"}}).status, 137);
  EXPECT_EQ(check().state, SealState::open);
  flip_byte(sealed_log, 100);
  EXPECT_THAT(check(SealDepth::record_and_log).altered,
              ElementsAre(sealed_log.filename().string() + " has other bytes"));
  EXPECT_EQ(run_scenario(folder_.path(), {"--resume", "latest"}).status, 2);
  flip_byte(sealed_log, 100);
  overwrite(artifact, "as it is!");
  EXPECT_THAT(check().altered, ElementsAre("artifacts/more.txt has other bytes"));
  ASSERT_EQ(run_scenario(folder_.path(), {"--resume", "latest"}).status, 0);
  EXPECT_THAT(check().altered, ElementsAre("artifacts/more.txt has other bytes")) << "and a resume doesn't seal it";
}

TEST_F(Seals, ALaunchThatIsAddedHidesNoAlteration) {
  train();
  flip_byte(log(), 100);
  record::RunRecord record = read_record(Folder(run()));
  record.add_launches();
  overwrite(run() / "run.json", to_json(record));
  EXPECT_THAT(check(SealDepth::record_and_log).altered, ElementsAre(log().filename().string() + " has other bytes"));
}

TEST_F(Seals, OfTwoLaunchesAgreeOnTheLog) {
  train({"--max-steps", "20"});
  const Path first = log();
  train({"--resume", "latest"});
  flip_byte(first, 100);
  record::RunRecord record = read_record(Folder(run()));
  for (auto& file : *record.mutable_launches(1)->mutable_end()->mutable_seal()->mutable_files()) {
    if (file.path() == first.filename()) file.set_sha256(sha256_file(first));
  }
  write_record(real_file_system(), Folder(run()), record);
  EXPECT_THAT(check().altered, ElementsAre(first.filename().string() + " is not the one that launch 0 left"));
}

TEST_F(Seals, ATextOfZerosBreaksNone) {
  const std::string zeros(64, '0');
  train({"--note", zeros, "--name", R"("record_sha256": ")" + zeros, "--description", zeros, "--group", zeros});
  EXPECT_EQ(check().line(), "sealed");
}

TEST_F(Seals, ALogThatStoppedWithoutTheRecordsEndIsSaid) {
  train();
  record::RunRecord record = read_record(Folder(run()));
  record.mutable_launches(0)->clear_end();
  overwrite(run() / "run.json", to_json(record));
  EXPECT_EQ(check().state, SealState::open);
  EXPECT_THAT(check().line(), HasSubstr("the log holds the run's end and run.json does not"));
}

}  // namespace
}  // namespace stet::tracking
