// Links, FIFOs, folders and sparse files in every place of a record, files and checkpoints of another run, and
// checkpoints with right checksums that hold something else: nothing hangs, follows, or is taken for what it was.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "stet/tracking/record/checkpoint.h"
#include "tracking/sealing.h"
#include "tracking/tamper/tamper.h"
#include "tracking/temp_folder.h"

namespace stet::tracking::tamper {
namespace {

class TamperFiles : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(run_tampered(folder_.path(), {"--max-steps", "5"}).status, 0);
    run_ = only_run(folder_.path());
    original_ = read_run(run_);
  }

  // Puts something in a file's place, and looks: all that reads the file must see it.
  void try_place(const Path& file, const std::string& what, const std::function<void()>& put, Tally& tally) {
    SCOPED_TRACE(file.filename().string() + " is " + what);
    const std::string before = read_file(file);
    std::filesystem::remove(file);
    put();
    ++tally.tried;
    if (std::filesystem::exists(run_ / "run.json") && std::filesystem::is_regular_file(run_ / "run.json")) {
      EXPECT_TRUE(read_all(run_, original_).check_sees);
      EXPECT_TRUE(is_refused(run_));
    } else {
      EXPECT_TRUE(Runs(run_.parent_path()).list().runs.empty());
    }
    ++tally.detected;
    std::filesystem::remove_all(file);
    overwrite(file, before);
  }

  TempFolder folder_;
  Path run_;
  RunView original_;
};

TEST_F(TamperFiles, SpecialFilesInEveryPlace) {
  Tally tally("links, FIFOs, folders, sparse files");
  const Path decoy = folder_ / "decoy";
  for (const Path& file : covered_files(run_)) {
    overwrite(decoy, read_file(file));
    try_place(
        file, "a link to its like", [&] { std::filesystem::create_symlink(decoy, file); }, tally);
    try_place(
        file, "a link to nothing", [&] { std::filesystem::create_symlink(folder_ / "none", file); }, tally);
    try_place(
        file, "a FIFO", [&] { ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0); }, tally);
    try_place(
        file, "a folder", [&] { std::filesystem::create_directory(file); }, tally);
    try_place(
        file, "a sparse file of a terabyte",
        [&] {
          overwrite(file, "");
          std::filesystem::resize_file(file, uintmax_t{1} << 40);
        },
        tally);
    EXPECT_EQ(read_file(decoy), read_file(file)) << "the decoy was written to";
  }
}

TEST_F(TamperFiles, FoldersThatAreLinks) {
  Tally tally("folders that are links");
  for (const char* name : {"checkpoints", "artifacts"}) {
    SCOPED_TRACE(name);
    const Path elsewhere = folder_ / "elsewhere";
    std::filesystem::rename(run_ / name, elsewhere);
    std::filesystem::create_directory_symlink(elsewhere, run_ / name);
    ++tally.tried;
    EXPECT_TRUE(read_all(run_, original_).check_sees);
    EXPECT_TRUE(is_refused(run_));
    ++tally.detected;
    EXPECT_FALSE(std::filesystem::is_empty(elsewhere)) << "what lies behind the link was removed";
    std::filesystem::remove(run_ / name);
    std::filesystem::rename(elsewhere, run_ / name);
  }
}

TEST_F(TamperFiles, FilesOfAnotherRun) {
  TempFolder other;
  ASSERT_EQ(run_tampered(other.path(), {"--max-steps", "5", "--seed", "2"}).status, 0);
  const auto theirs = covered_files(only_run(other.path())), ours = covered_files(run_);
  ASSERT_EQ(theirs.size(), ours.size());
  Tally tally("files of another run, sealed anew");
  for (size_t i = 1; i < ours.size(); ++i) {  // run.json of another run is that run's record
    if (read_file(ours[i]) == read_file(theirs[i])) continue;
    SCOPED_TRACE(ours[i].filename().string());
    const Restored before(ours[i]);
    overwrite(ours[i], read_file(theirs[i]));
    ++tally.tried;
    EXPECT_TRUE(read_all(run_, original_).check_sees);
    seal_anew(run_);
    EXPECT_TRUE(is_refused(run_));
    ++tally.detected;
  }
}

TEST_F(TamperFiles, CheckpointsThatHoldSomethingElse) {
  Tally tally("checkpoints edited, sealed anew");
  const CheckpointFile file = list_checkpoints(Folder(run_)).back();
  const Checkpoint original = read_checkpoint(file.entry);
  const auto try_checkpoint = [&](const std::string& how, const std::function<void(Checkpoint&)>& edit) {
    SCOPED_TRACE(how);
    const Restored before(file.entry.path());
    Checkpoint edited = original;
    edit(edited);
    write_checkpoint(real_file_system(), Folder(run_), file.step, as_bytes(encode(edited)));
    seal_anew(run_);
    ++tally.tried;
    EXPECT_TRUE(is_refused(run_));
    EXPECT_TRUE(read_all(run_, original_).resume_sees);
    ++tally.detected;
  };
  try_checkpoint("another step", [](Checkpoint& c) { ++c.step; });
  try_checkpoint("another tick", [](Checkpoint& c) { ++c.tick; });
  for (size_t i = 0; i < original.tensors.size(); ++i) {
    std::vector<std::byte> bytes(original.tensors[i].data.begin(), original.tensors[i].data.end());
    for (size_t at = 0; at < bytes.size(); ++at) {
      bytes[at] ^= std::byte{1};
      try_checkpoint(original.tensors[i].path, [&](Checkpoint& c) { c.tensors[i].data = bytes; });
      bytes[at] ^= std::byte{1};
    }
    try_checkpoint(original.tensors[i].path + " gone",
                   [&](Checkpoint& c) { c.tensors.erase(c.tensors.begin() + static_cast<std::ptrdiff_t>(i)); });
  }
  for (size_t i = 0; i < original.scalars.size(); ++i) {
    if (original.scalars[i].path.starts_with("stet/step") || original.scalars[i].path.starts_with("stet/tick"))
      continue;
    try_checkpoint(original.scalars[i].path + " gone",
                   [&](Checkpoint& c) { c.scalars.erase(c.scalars.begin() + static_cast<std::ptrdiff_t>(i)); });
  }
}

}  // namespace
}  // namespace stet::tracking::tamper
