// Every byte of a sealed record flipped, and every length cut, with the old seal: each reader that checks a file says
// so.
#include <gtest/gtest.h>

#include <filesystem>

#include "stet/tracking/record/event_log.h"
#include "tracking/sealing.h"
#include "tracking/tamper/tamper.h"
#include "tracking/temp_folder.h"

namespace stet::tracking::tamper {
namespace {

class TamperBytes : public testing::Test {
 protected:
  // A run that was stopped, so that resume has something to take up.
  void SetUp() override {
    ASSERT_EQ(run_tampered(folder_.path(), {"--max-steps", "5"}).status, 0);
    run_ = only_run(folder_.path());
    original_ = read_run(run_);
    ASSERT_EQ(original_.seal.state, SealState::sealed);
    uintmax_t size = 0;
    for (const Path& file : covered_files(run_)) size += std::filesystem::file_size(file);
    ASSERT_LE(size, 64u << 10);
  }

  // What must be seen of a file that differs: of run.json and the log by all, of others by those that read them.
  void expect_seen(const Path& file, const std::string& edit, Tally& tally) {
    SCOPED_TRACE(file.filename().string() + " " + edit);
    ++tally.tried;
    const Readings found = read_all(run_, original_);
    const bool always = file.parent_path() == run_, taken_up = file == original_.checkpoints.back().path;
    EXPECT_TRUE(found.check_sees);
    EXPECT_EQ(found.show_sees, always);
    EXPECT_TRUE(found.resume_sees || !(always || taken_up));
    EXPECT_TRUE(is_refused(run_));
    tally.detected += found.check_sees;
  }

  TempFolder folder_;
  Path run_;
  RunView original_;
};

TEST_F(TamperBytes, EveryByteFlipped) {
  Tally tally("bytes flipped");
  for (const Path& file : covered_files(run_)) {
    const Restored before(file);
    for (size_t at = 0; at < before.bytes().size(); ++at) {
      if (!is_chosen(at)) continue;
      std::string bytes = before.bytes();
      bytes[at] ^= static_cast<char>(1 << (at % 8));
      overwrite(file, bytes);
      expect_seen(file, "byte " + std::to_string(at), tally);
      if (HasFailure()) return;
    }
  }
}

TEST_F(TamperBytes, EveryLengthCut) {
  Tally tally("lengths cut");
  for (const Path& file : covered_files(run_)) {
    const Restored before(file);
    for (size_t size = 0; size < before.bytes().size(); ++size) {
      if (!is_chosen(size)) continue;
      overwrite(file, before.bytes().substr(0, size));
      expect_seen(file, "cut at " + std::to_string(size), tally);
      if (HasFailure()) return;
    }
  }
}

TEST_F(TamperBytes, EveryFileGoneOrGrown) {
  Tally tally("files gone or grown");
  for (const Path& file : covered_files(run_)) {
    const Restored before(file);
    overwrite(file, before.bytes() + "\n");
    expect_seen(file, "grown", tally);
    std::filesystem::remove(file);
    if (file.filename() == "run.json") continue;  // then it is no run
    SCOPED_TRACE(file.filename().string() + " gone");
    ++tally.tried;
    EXPECT_TRUE(read_all(run_, original_).check_sees);
    EXPECT_TRUE(is_refused(run_));
    ++tally.detected;
  }
}

}  // namespace
}  // namespace stet::tracking::tamper
