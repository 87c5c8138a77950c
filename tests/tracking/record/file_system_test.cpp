#include "stet/tracking/record/file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "stet/tensor/error.h"
#include "stet/tracking/record/faulty_file_system.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::HasSubstr;

int error_code(const std::function<void()>& call) {
  try {
    call();
  } catch (const IoError& error) { return error.code; }
  return 0;
}

// Exit status of `call` in a process whose file system has this fault.
int in_child(const std::string& fault, const std::function<void(FileSystem&)>& call) {
  pid_t child = ::fork();
  if (child == 0) {
    FaultyFileSystem fs(real_file_system(), Fault::parse(fault));
    call(fs);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

TEST(FileSystem, WritesReplacesCopiesAndRemoves) {
  TempFolder temp;
  FileSystem& fs = real_file_system();
  make_directories(fs, temp / "a/b");
  replace_file(fs, temp / "a/b/x", as_bytes("one"));
  replace_file(fs, temp / "a/b/x", as_bytes("two"));
  EXPECT_EQ(read_file(temp / "a/b/x"), "two");
  fs.open(temp / "a/b/x", OpenMode::append)->write(as_bytes("!"));
  EXPECT_EQ(read_file(temp / "a/b/x"), "two!");
  EXPECT_EQ(error_code([&] { fs.open(temp / "a/b/x", OpenMode::exclusive); }), EEXIST);
  fs.copy(temp / "a/b/x", temp / "y", 0555);
  EXPECT_EQ(read_file(temp / "y"), "two!");
  EXPECT_EQ(error_code([&] { fs.copy(temp / "a/b/x", temp / "y", 0555); }), EEXIST);
  EXPECT_FALSE(fs.make_directory(temp / "a"));
  EXPECT_EQ(error_code([&] { fs.make_directory(temp / "y"); }), ENOTDIR);
  EXPECT_NE(error_code([&] { fs.remove(temp / "a"); }), 0);
  remove_all(fs, temp / "a");
  EXPECT_FALSE(std::filesystem::exists(temp / "a"));
  remove_all(fs, temp / "a");
  EXPECT_EQ(error_code([&] { read_file(temp / "nothing"); }), ENOENT);
  EXPECT_FALSE(read_file("/proc/self/status").empty());
}

TEST(FileSystem, ErrorsNameTheFile) {
  TempFolder temp;
  try {
    write_file(real_file_system(), temp / "no/x", {});
    FAIL();
  } catch (const IoError& error) {
    EXPECT_EQ(error.what(), (temp / "no/x").string() + ": can't open for writing: No such file or directory");
  }
}

TEST(Fault, IsReadFromText) {
  EXPECT_EQ(Fault::parse("kill@137").kind, Fault::Kind::kill);
  EXPECT_EQ(Fault::parse("kill@137").at, 137u);
  EXPECT_TRUE(Fault::parse("enospc@2,nolock").refuse_locks);
  EXPECT_EQ(Fault::parse("count:/tmp/n").report, "/tmp/n");
  for (const char* wrong : {"", "kill", "kill@", "kill@0", "kill@-1", "kill@1x", "bang@1", "kill@1,,"}) {
    EXPECT_THROW(Fault::parse(wrong), UsageError) << wrong;
  }
}

TEST(Fault, KillEndsTheProcessBeforeTheOperation) {
  TempFolder temp;
  auto work = [&](FileSystem& fs) {
    write_file(fs, temp / "a", as_bytes("first"));   // 1 open, 2 write, 3 sync
    write_file(fs, temp / "b", as_bytes("second"));  // 4 open, 5 write, 6 sync
  };
  EXPECT_EQ(in_child("kill@5", work), 137);
  EXPECT_EQ(read_file(temp / "a"), "first");
  EXPECT_EQ(read_file(temp / "b"), "");
  EXPECT_EQ(in_child("torn@5", work), 137);
  EXPECT_EQ(read_file(temp / "b"), "sec");
  EXPECT_EQ(in_child("kill@7", work), 0);
  EXPECT_EQ(read_file(temp / "b"), "second");
}

TEST(Fault, PowerLosesWhatWasNotSynced) {
  TempFolder temp;
  auto work = [&](FileSystem& fs) {
    write_file(fs, temp / ".new-a", as_bytes("first"));                  // 1 to 3
    fs.rename(temp / ".new-a", temp / "a");                              // 4
    auto file = fs.open(temp / "a", OpenMode::append);                   // 5
    file->write(as_bytes(", more"));                                     // 6
    fs.open(temp / "b", OpenMode::truncate)->write(as_bytes("second"));  // 7, 8
    fs.rename(temp / "b", temp / "c");                                   // 9
    file->sync();                                                        // 10
    fs.remove(temp / "none");                                            // 11
  };
  EXPECT_EQ(in_child("power@10", work), 137);
  EXPECT_EQ(read_file(temp / "a"), "first");
  EXPECT_EQ(read_file(temp / "c"), "") << "renamed, never synced";
  EXPECT_EQ(in_child("power@11", work), 137);
  EXPECT_EQ(read_file(temp / "a"), "first, more");
}

TEST(Fault, AFullDiskStaysFullAndAnIoErrorPasses) {
  TempFolder temp;
  FaultyFileSystem faulty(real_file_system(), Fault::parse("enospc@2"));
  FileSystem& full = faulty;
  auto file = full.open(temp / "a", OpenMode::append);
  EXPECT_EQ(error_code([&] { file->write(as_bytes("abcd")); }), ENOSPC);
  EXPECT_EQ(read_file(temp / "a"), "ab") << "a part of it fitted";
  EXPECT_EQ(error_code([&] { file->write(as_bytes("abcd")); }), ENOSPC);
  EXPECT_EQ(error_code([&] { full.remove(temp / "a"); }), 0);

  FaultyFileSystem passing(real_file_system(), Fault::parse("eio@2"));
  FileSystem& flaky = passing;
  file = flaky.open(temp / "b", OpenMode::append);
  EXPECT_EQ(error_code([&] { file->write(as_bytes("abcd")); }), EIO);
  EXPECT_EQ(error_code([&] { file->write(as_bytes("efgh")); }), 0);
  EXPECT_EQ(read_file(temp / "b"), "abefgh");
  EXPECT_EQ(passing.operations(), 3u);
}

TEST(Fault, ReportsHowManyOperationsARunMade) {
  TempFolder temp;
  {
    FaultyFileSystem fs(real_file_system(), Fault::parse("count:" + (temp / "count").string()));
    replace_file(fs, temp / "x", as_bytes("abc"));  // open, write, sync, rename, sync the folder
  }
  EXPECT_EQ(read_file(temp / "count"), "5\n");
}

}  // namespace
}  // namespace stet::tracking
