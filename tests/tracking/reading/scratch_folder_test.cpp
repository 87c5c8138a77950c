#include "stet/tracking/reading/scratch_folder.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>

#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using std::filesystem::path;

class ScratchFolderTest : public testing::Test {
 protected:
  ScratchFolderTest() {
    if (const char* value = ::getenv("TMPDIR")) before_ = value;
  }
  ~ScratchFolderTest() override { set(before_); }
  static void set(const path& tmpdir) {
    if (tmpdir.empty()) ::unsetenv("TMPDIR");
    else ::setenv("TMPDIR", tmpdir.c_str(), 1);
  }
  static void make_old(const path& folder) {
    std::filesystem::last_write_time(folder, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  }
  path before_;
  TempFolder temp_;
};

TEST_F(ScratchFolderTest, IsThisUsersAloneAndGoesWithTheObject) {
  set(temp_.path());
  path made;
  {
    const ScratchFolder scratch("stet-test", "/");
    made = scratch.path();
    EXPECT_EQ(made.parent_path(), temp_.path());
    EXPECT_EQ(std::filesystem::status(made).permissions(), std::filesystem::perms::owner_all);
    std::ofstream(made / "file") << "x";
  }
  EXPECT_FALSE(std::filesystem::exists(made));
}

TEST_F(ScratchFolderTest, IsMadeElsewhereWhereTmpdirCannotBeUsed) {
  std::ofstream(temp_ / "file") << "x";
  for (const path& useless : {path("/nowhere/at/all"), temp_ / "file", path()}) {
    set(useless);
    EXPECT_TRUE(std::filesystem::is_directory(ScratchFolder("stet-test", "/").path())) << useless;
  }
}

TEST_F(ScratchFolderTest, RemovesWhatAKilledProcessLeft) {
  set(temp_.path());
  const path dead = temp_ / "stet-test-abcdef", young = temp_ / "stet-test-ghijkl",
             other = temp_ / "stet-test-longer-1";
  for (const path& folder : {dead, young, other}) std::filesystem::create_directories(folder / "program");
  const ScratchFolder lives("stet-test", "/");
  make_old(dead);
  make_old(other);
  make_old(lives.path());
  const ScratchFolder next("stet-test", "/");
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_TRUE(std::filesystem::exists(lives.path()));
  EXPECT_TRUE(std::filesystem::exists(young)) << "its process may be about to lock it";
  EXPECT_TRUE(std::filesystem::exists(other)) << "another program's";
}

}  // namespace
}  // namespace stet::tracking
