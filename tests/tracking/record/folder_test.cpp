#include "stet/tracking/record/folder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <functional>

#include "error_of.h"
#include "stet/tensor/error.h"
#include "stet/tracking/record/file_system.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = EntryStatus::Kind;

// A folder `run`, and beside it decoys that links in it lead to: a file, and a folder with a file.
class FolderTest : public testing::Test {
 protected:
  FolderTest() {
    for (const char* name : {"run", "decoy"}) std::filesystem::create_directory(temp_ / name);
    std::ofstream(temp_ / "decoy/file") << "precious";
    std::filesystem::create_symlink(temp_ / "decoy/file", temp_ / "run/link");
    std::filesystem::create_symlink(temp_ / "run/nothing", temp_ / "run/dangling");
    std::filesystem::create_directory_symlink(temp_ / "decoy", temp_ / "run/linked");
    ::mkfifo((temp_ / "run/fifo").c_str(), 0600);
    std::ofstream(temp_ / "run/plain") << "text";
  }
  ~FolderTest() override {
    EXPECT_EQ(read_file(temp_ / "decoy/file"), "precious");
    EXPECT_THAT(Folder(temp_ / "decoy").names(), ElementsAre("file"));
    EXPECT_FALSE(std::filesystem::exists(temp_ / "run/nothing"));
  }

  TempFolder temp_;
};

TEST_F(FolderTest, ANameIsOneName) {
  const Folder run(temp_ / "run");
  for (const std::string& name : {std::string(), std::string("."), std::string(".."), std::string("../decoy/file"),
                                  std::string("linked/file"), std::string("/etc"), std::string("a\0b", 3)})
    EXPECT_THROW(run / name, DataError) << name;
  EXPECT_EQ((run / "...").path(), temp_ / "run/...");
}

TEST_F(FolderTest, SaysWhatAnEntryIs) {
  const Folder run(temp_ / "run"), top(temp_.path());
  EXPECT_EQ(look_at(run / "plain").kind, Kind::file);
  EXPECT_EQ(look_at(run / "plain").size, 4);
  EXPECT_EQ(look_at(top / "run").kind, Kind::folder);
  EXPECT_EQ(look_at(run / "none").kind, Kind::none);
  for (const char* other : {"link", "dangling", "linked", "fifo"}) EXPECT_EQ(look_at(run / other).kind, Kind::other);
  EXPECT_THAT(run.names(), ElementsAre("dangling", "fifo", "link", "linked", "plain"));
}

TEST_F(FolderTest, ReadsRegularFilesAndFollowsNoLink) {
  const Folder run(temp_ / "run");
  EXPECT_EQ(read_file(run / "plain"), "text");
  EXPECT_EQ(sha256_file(run / "plain"), sha256_file(temp_ / "run/plain"));
  for (const char* name : {"link", "dangling", "linked", "fifo"}) {
    const std::string where = (temp_ / "run" / name).string();
    EXPECT_EQ(error_of<Error>([&] { read_file(run / name); }), where + ": can't read: it is no regular file");
    EXPECT_EQ(error_of<Error>([&] { sha256_file(run / name); }), where + ": can't read: it is no regular file");
    EXPECT_THAT(error_of<Error>([&] { Folder{run / name}; }), HasSubstr(where + ": can't read the folder"));
  }
  EXPECT_EQ(read_file(temp_ / "run/link"), "precious") << "what the user names is followed";
  EXPECT_THAT(Folder(temp_ / "run/linked").names(), ElementsAre("file"));
}

TEST_F(FolderTest, WritesRegularFilesAndFollowsNoLink) {
  FileSystem& fs = real_file_system();
  const Folder run(temp_ / "run");
  for (const char* name : {"link", "dangling", "fifo"}) {
    for (const OpenMode how : {OpenMode::append, OpenMode::truncate}) {
      EXPECT_EQ(error_of<Error>([&] { fs.open(run / name, how); }),
                (temp_ / "run" / name).string() + ": can't open for writing: it is no regular file");
    }
    EXPECT_THROW(fs.open(run / name, OpenMode::exclusive), IoError);
    EXPECT_THROW(fs.copy(InputFile(run / "plain"), run / name, 0644), IoError);
  }
  EXPECT_THROW(fs.open(run / "linked", OpenMode::truncate), IoError);
  // With somebody at its other end, a FIFO opens.
  const Descriptor reader(::open((temp_ / "run/fifo").c_str(), O_RDONLY | O_NONBLOCK));
  EXPECT_THAT(error_of<Error>([&] { fs.open(run / "fifo", OpenMode::append); }), HasSubstr("it is no regular file"));
}

TEST_F(FolderTest, ReplacesAndRemovesLinksNotWhatTheyLeadTo) {
  FileSystem& fs = real_file_system();
  const Folder run(temp_ / "run");
  EXPECT_THROW(fs.make_directory(run / "linked"), IoError);
  EXPECT_THROW(make_folder(fs, run / "linked"), IoError);
  EXPECT_THROW(find_folder(run / "linked"), IoError);
  EXPECT_FALSE(find_folder(run / "none").has_value());
  replace_file(fs, run / "link", as_bytes("ours"));
  EXPECT_EQ(read_file(run / "link"), "ours");
  // Where the file aside is a link, replacing fails; the link is cleared away.
  std::filesystem::create_symlink(temp_ / "decoy/file", temp_ / "run/.new-plain");
  EXPECT_THROW(replace_file(fs, run / "plain", as_bytes("new")), IoError);
  EXPECT_NO_THROW(replace_file(fs, run / "plain", as_bytes("new")));
  fs.remove(run / "linked");
  std::filesystem::create_directory_symlink(temp_ / "decoy", temp_ / "run/linked");
  remove_all(fs, run);
  EXPECT_FALSE(std::filesystem::exists(temp_ / "run"));
}

TEST_F(FolderTest, StaysTheFolderThatWasOpened) {
  FileSystem& fs = real_file_system();
  const Folder run(temp_ / "run");
  std::filesystem::rename(temp_ / "run", temp_ / "moved");
  std::filesystem::create_directory_symlink(temp_ / "decoy", temp_ / "run");
  replace_file(fs, run / "file", as_bytes("ours"));
  EXPECT_EQ(read_file(temp_ / "moved/file"), "ours");
  EXPECT_EQ(read_file(run / "plain"), "text");
  remove_all(fs, run / "plain");
  EXPECT_FALSE(std::filesystem::exists(temp_ / "moved/plain"));
  EXPECT_EQ(run.path(), temp_ / "run") << "for messages";
  EXPECT_EQ(run.known_as(temp_ / "moved").path(), temp_ / "moved");
}

}  // namespace
}  // namespace stet::tracking
