#include "stet/tracking/record/file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "stet/tensor/error.h"
#include "tracking/fault/faulty_file_system.h"
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

TEST(FileSystem, WritesReplacesCopiesAndRemoves) {
  TempFolder temp;
  FileSystem& fs = real_file_system();
  const Folder top(temp.path()), folder = make_directories(fs, temp / "a/b");
  replace_file(fs, folder / "x", as_bytes("one"));
  replace_file(fs, folder / "x", as_bytes("two"));
  EXPECT_EQ(read_file(folder / "x"), "two");
  fs.open(folder / "x", OpenMode::append)->write(as_bytes("!"));
  EXPECT_EQ(read_file(folder / "x"), "two!");
  EXPECT_EQ(error_code([&] { fs.open(folder / "x", OpenMode::exclusive); }), EEXIST);
  const InputFile x(folder / "x");
  fs.copy(x, top / "y", 0555);
  EXPECT_EQ(read_file(top / "y"), "two!");
  EXPECT_EQ(error_code([&] { fs.copy(x, top / "y", 0555); }), EEXIST);
  EXPECT_FALSE(fs.make_directory(top / "a"));
  EXPECT_EQ(error_code([&] { fs.make_directory(top / "y"); }), ENOTDIR);
  EXPECT_NE(error_code([&] { fs.remove(top / "a"); }), 0);
  remove_all(fs, top / "a");
  EXPECT_FALSE(std::filesystem::exists(temp / "a"));
  remove_all(fs, top / "a");
  EXPECT_EQ(error_code([&] { read_file(top / "nothing"); }), ENOENT);
  EXPECT_EQ(error_code([&] { read_file(temp / "nothing"); }), ENOENT);
  EXPECT_FALSE(read_file(Path("/proc/self/status")).empty());
}

TEST(FileSystem, MakesWhatIsMissingOfAPath) {
  TempFolder temp;
  FileSystem& fs = real_file_system();
  EXPECT_EQ(make_directories(fs, temp / "a/../b/./c/").names(), std::vector<std::string>());
  EXPECT_THAT(Folder(temp.path()).names(), testing::ElementsAre("a", "b"));
  EXPECT_TRUE(std::filesystem::is_directory(temp / "b/c"));
  std::ofstream(temp / "file") << "x";
  EXPECT_EQ(error_code([&] { make_directories(fs, temp / "file/runs"); }), ENOTDIR);
}

TEST(FileSystem, ErrorsNameTheFile) {
  TempFolder temp;
  const Folder gone = make_directories(real_file_system(), temp / "no");
  std::filesystem::remove(temp / "no");
  try {
    write_file(real_file_system(), gone / "x", {});
    FAIL();
  } catch (const IoError& error) {
    EXPECT_EQ(error.what(), (temp / "no/x").string() + ": can't open for writing: No such file or directory");
  }
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
  const Folder folder(temp.path());
  auto work = [&](FileSystem& fs) {
    write_file(fs, folder / "a", as_bytes("first"));   // 1 open, 2 write, 3 sync
    write_file(fs, folder / "b", as_bytes("second"));  // 4 open, 5 write, 6 sync
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
  const Folder folder(temp.path());
  auto work = [&](FileSystem& fs) {
    write_file(fs, folder / ".new-a", as_bytes("first"));                  // 1 to 3
    fs.rename(folder / ".new-a", folder / "a");                            // 4
    auto file = fs.open(folder / "a", OpenMode::append);                   // 5
    file->write(as_bytes(", more"));                                       // 6
    fs.open(folder / "b", OpenMode::truncate)->write(as_bytes("second"));  // 7, 8
    fs.rename(folder / "b", folder / "c");                                 // 9
    file->sync();                                                          // 10
    fs.remove(folder / "none");                                            // 11
  };
  EXPECT_EQ(in_child("power@10", work), 137);
  EXPECT_EQ(read_file(folder / "a"), "first");
  EXPECT_EQ(read_file(folder / "c"), "") << "renamed, never synced";
  EXPECT_EQ(in_child("power@11", work), 137);
  EXPECT_EQ(read_file(folder / "a"), "first, more");
}

TEST(Fault, AFullDiskStaysFullAndAnIoErrorPasses) {
  TempFolder temp;
  const Folder folder(temp.path());
  FaultyFileSystem faulty(real_file_system(), Fault::parse("enospc@2"));
  FileSystem& full = faulty;
  auto file = full.open(folder / "a", OpenMode::append);
  EXPECT_EQ(error_code([&] { file->write(as_bytes("abcd")); }), ENOSPC);
  EXPECT_EQ(read_file(folder / "a"), "ab") << "a part of it fitted";
  EXPECT_EQ(error_code([&] { file->write(as_bytes("abcd")); }), ENOSPC);
  EXPECT_EQ(error_code([&] { full.remove(folder / "a"); }), 0);

  FaultyFileSystem passing(real_file_system(), Fault::parse("eio@2"));
  FileSystem& flaky = passing;
  file = flaky.open(folder / "b", OpenMode::append);
  EXPECT_EQ(error_code([&] { file->write(as_bytes("abcd")); }), EIO);
  EXPECT_EQ(error_code([&] { file->write(as_bytes("efgh")); }), 0);
  EXPECT_EQ(read_file(folder / "b"), "abefgh");
  EXPECT_EQ(passing.operations(), 3u);
}

TEST(Fault, IsInNoProgramOfUsers) {
  EXPECT_THAT(read_file(Path(STET_SCENARIO)), HasSubstr("STET_FAULT")) << "a test's own program has it";
  for (const char* of_users : {STET_PROGRAM, STET_LIBRARY})
    EXPECT_EQ(read_file(Path(of_users)).find("STET_FAULT"), std::string::npos) << of_users;
}

TEST(Fault, ReportsHowManyOperationsARunMade) {
  TempFolder temp;
  const Folder folder(temp.path());
  {
    FaultyFileSystem fs(real_file_system(), Fault::parse("count:" + (temp / "count").string()));
    replace_file(fs, folder / "x", as_bytes("abc"));  // open, write, sync, rename, sync the folder
  }
  EXPECT_EQ(read_file(temp / "count"), "5\n");
}

}  // namespace
}  // namespace stet::tracking
