// From where a run goes on, when checkpoints, log or record are not what they were.
#include "stet/tracking/record/restart_point.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "error_of.h"
#include "stet/tensor/error.h"
#include "tracking/run_harness.h"
#include "tracking/sealing.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RestartPoints : public testing::Test {
 protected:
  // Checkpoints at steps 7, 14 and 20.
  void SetUp() override {
    ASSERT_EQ(run_scenario(folder_.path(), {"--checkpoint-every", "7", "--max-steps", "20"}).status, 0);
  }
  Path run() const { return only_run(folder_.path()); }
  RestartPoint point() const { return find_restart_point(Folder(run())); }
  Path checkpoint(int64_t step) const { return checkpoint_path(run(), step); }
  Path log() const { return list_segments(Folder(run())).back().entry.path(); }
  TempFolder folder_;
};

TEST_F(RestartPoints, IsTheNewestCheckpoint) {
  EXPECT_EQ(point().checkpoint->step, 20);
  EXPECT_THAT(point().passed_over, IsEmpty());
}

TEST_F(RestartPoints, PassesOverDamagedOnesAndNamesThem) {
  std::filesystem::resize_file(checkpoint(20), 1000);
  flip_byte(checkpoint(14), 2000);
  const RestartPoint found = point();
  EXPECT_EQ(found.checkpoint->step, 7);
  EXPECT_THAT(found.passed_over,
              ElementsAre(HasSubstr("step-00000020.h5: cut at byte 1000"), HasSubstr("step-00000014.h5: damaged")));
  flip_byte(checkpoint(7), 2000);
  EXPECT_FALSE(point().checkpoint.has_value());
}

TEST_F(RestartPoints, SaysOfEachWhetherTheRunCouldGoOnFromIt) {
  flip_byte(checkpoint(14), 2000);
  const auto can_restart = [&](int64_t step) {
    return can_restart_from(Folder(run()), Folder(run() / "checkpoints") / checkpoint(step).filename().string());
  };
  EXPECT_TRUE(can_restart(20));
  EXPECT_FALSE(can_restart(14));
  EXPECT_TRUE(can_restart(7));
}

TEST_F(RestartPoints, PassesOverOneOfAnotherRun) {
  TempFolder other;
  ASSERT_EQ(run_scenario(other.path(), {"--checkpoint-every", "7", "--max-steps", "20", "--seed", "2"}).status, 0);
  std::filesystem::copy_file(checkpoint_path(only_run(other.path()), 20), checkpoint(20),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(point().passed_over, ElementsAre(HasSubstr("step-00000020.h5: was altered since the run ended")));
  seal_anew(run());
  const RestartPoint found = point();
  EXPECT_EQ(found.checkpoint->step, 14);
  EXPECT_THAT(found.passed_over, ElementsAre(HasSubstr("its state is not the one that was logged at step 20")));
}

TEST_F(RestartPoints, PassesOverOneWithAnEditedTensorAndARightChecksum) {
  Checkpoint edited = read_checkpoint(list_checkpoints(Folder(run())).back().entry);
  std::vector<std::byte> other(edited.tensors[0].data.begin(), edited.tensors[0].data.end());
  other[0] ^= std::byte{1};
  edited.tensors[0].data = other;
  write_checkpoint(real_file_system(), Folder(run()), 20, as_bytes(encode(edited)));
  seal_anew(run());
  EXPECT_EQ(point().checkpoint->step, 14);
}

TEST_F(RestartPoints, StopsByNameWhereTheLogBeforeEachIsDamaged) {
  flip_byte(log(), 40);
  EXPECT_THAT(error_of<DataError>([&] { point(); }), HasSubstr(log().filename().string() + ": damaged at byte"));
}

TEST_F(RestartPoints, GoesBackToWhereTheLogCanBeRead) {
  flip_byte(log(), std::filesystem::file_size(log()) * 3 / 5);
  const RestartPoint found = point();
  ASSERT_TRUE(found.checkpoint.has_value());
  EXPECT_LT(found.checkpoint->step, 20);
  EXPECT_THAT(found.passed_over, testing::Not(IsEmpty()));
}

TEST_F(RestartPoints, ARunWithoutCheckpointsBeginsAnew) {
  std::filesystem::remove_all(run() / "checkpoints");
  EXPECT_FALSE(point().checkpoint.has_value());
  EXPECT_THAT(point().passed_over, IsEmpty());
}

TEST_F(RestartPoints, AResumedRunIsTheUndisturbedOne) {
  flip_byte(checkpoint(20), 2000);
  const Ended ended = run_scenario(folder_.path(), {"--resume", "latest"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("passed over: "));
}

TEST_F(RestartPoints, AnAlteredRecordIsNotGoneOnWith) {
  replace_once(run() / "run.json", "\"seed\": \"1\"", "\"seed\": \"2\"");
  const Ended ended = run_scenario(folder_.path(), {"--resume", "latest"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("was altered since it ended: run.json has other bytes; restore what was changed"));
}

}  // namespace
}  // namespace stet::tracking
