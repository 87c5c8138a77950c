#include "stet/tracking/record/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <limits>

#include "error_of.h"
#include "stet/tensor/error.h"
#include "stet/tracking/record/record.pb.h"
#include "tracking/fault/faulty_file_system.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::HasSubstr;

// Runs `call` in a process of its own; its exit status.
int in_child(const std::function<void()>& call) {
  pid_t child = ::fork();
  if (child == 0) {
    try {
      call();
    } catch (const Error&) { ::_exit(1); }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

record::RunRecord record_named(const std::string& name) {
  record::RunRecord record;
  record.set_name(name);
  return record;
}

TEST(RunFolder, IsMadeWithItsRecordAndFoundAgain) {
  TempFolder temp;
  Path runs = temp / "a/b/runs";
  auto first = record_named("base");
  first.set_seed(std::numeric_limits<uint64_t>::max());
  first.add_params()->set_name("lr");
  HeldRun a = create_run(real_file_system(), runs, first);
  auto second = record_named("other"), third = record_named("base");
  HeldRun b = create_run(real_file_system(), runs, second);
  HeldRun c = create_run(real_file_system(), runs, third);

  EXPECT_EQ(a.folder.path().filename(), first.id());
  EXPECT_EQ(list_runs(runs).size(), 3u);
  EXPECT_EQ(find_run(runs, first.id()), a.folder.path());
  EXPECT_EQ(find_run(runs, "other"), b.folder.path());
  EXPECT_EQ(find_run(runs, a.folder.path().string() + "/"), a.folder.path());
  EXPECT_EQ(read_record(a.folder).seed(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(read_record(a.folder).params(0).name(), "lr");
  EXPECT_THAT(read_file(a.folder / "run.json"), HasSubstr("\"seed\": \"18446744073709551615\""));
  EXPECT_THAT(read_file(a.folder / "run.json"), HasSubstr("\"digest_interval\": \"0\""))
      << "Proto names, zeros printed";
  EXPECT_THAT(error_of<Error>([&] { find_run(runs, "nope"); }), HasSubstr("no run 'nope'"));
  EXPECT_THAT(error_of<Error>([&] { find_run(runs, first.id().substr(0, 2)); }), HasSubstr("fits 3 runs"));
  EXPECT_THAT(error_of<Error>([&] { find_run(temp / "none", "latest"); }), HasSubstr("holds no run yet"));
}

// What belongs to a run lies beside the folder itself, not beside a link to it.
TEST(RunFolder, IsFoundWhereItReallyLies) {
  TempFolder temp;
  auto record = record_named("base");
  const HeldRun run = create_run(real_file_system(), temp / "runs", record);
  const Path place = std::filesystem::canonical(run.folder.path());
  std::filesystem::create_directory_symlink(place, temp / "link");
  EXPECT_EQ(find_run(temp / "runs", (temp / "link").string()), place);
  const Path before = std::filesystem::current_path();
  std::filesystem::current_path(place);
  EXPECT_EQ(find_run("runs", "."), place);
  EXPECT_EQ(find_run("runs", "./"), place);
  std::filesystem::current_path(before);
}

TEST(RunFolder, IdsSortByCreation) {
  std::string previous = new_run_id();
  EXPECT_EQ(previous.size(), std::string("20260131-235959-1237f3a").size());
  for (int i = 0; i < 5; ++i) {
    ::usleep(2000);
    std::string next = new_run_id();
    EXPECT_LT(previous, next);
    previous = next;
  }
}

TEST(RunFolder, LatestIsTheNewest) {
  TempFolder runs;
  auto first = record_named("x"), second = record_named("y");
  HeldRun a = create_run(real_file_system(), runs.path(), first);
  ::usleep(2000);
  HeldRun b = create_run(real_file_system(), runs.path(), second);
  std::filesystem::create_directory(runs / ".new-99999999");
  std::filesystem::create_directory(runs / "programs");
  EXPECT_EQ(find_run(runs.path(), "latest"), b.folder.path());
  std::filesystem::copy(a.folder.path(), runs / "backup", std::filesystem::copy_options::recursive);
  EXPECT_EQ(find_run(runs.path(), "latest"), b.folder.path()) << "and no copy of an older one";
}

TEST(RunFolder, ARecordOfManyEmptyPartsIsRefusedBeforeItTakesMemory) {
  for (const auto& [begin, part] : {std::pair("{\"launches\":[{}", ",{}"), std::pair("{\"tags\":[\"\"", ",\"\"")}) {
    std::string text = begin;
    while (text.size() < size_t{14} << 20) text += part;
    EXPECT_THAT(error_of<Error>([&] { parse_record(text + "]}", "run.json"); }),
                HasSubstr("holds more than a run's record does"));
  }
}

TEST(RunFolder, OneThatCannotBeWrittenIsNamedInOneLine) {
  TempFolder temp;
  std::ofstream(temp / "file") << "x";
  auto record = record_named("x");
  std::string error = error_of<Error>([&] { create_run(real_file_system(), temp / "file/runs", record); });
  EXPECT_THAT(error, HasSubstr("runs folder " + (temp / "file/runs").string()));
  EXPECT_THAT(error, HasSubstr("Not a directory"));
}

// Another process has made a run of the same id.
struct Taken final : FileSystem {
  FileSystem& base = real_file_system();
  std::unique_ptr<File> open(const Entry& entry, OpenMode how, unsigned mode) override {
    return base.open(entry, how, mode);
  }
  void rename(const Entry& from, const Entry& to) override {
    std::filesystem::create_directory(to.path());
    std::ofstream(to.path() / "theirs") << "x";
    base.rename(from, to);
  }
  void remove(const Entry& entry) override { base.remove(entry); }
  bool make_directory(const Entry& entry) override { return base.make_directory(entry); }
  void sync_directory(const Folder& folder) override { base.sync_directory(folder); }
  void copy(const InputFile& from, const Entry& to, unsigned mode) override { base.copy(from, to, mode); }
  LockResult try_lock(File& file) override { return base.try_lock(file); }
};

TEST(RunFolder, OneOfTheSameIdIsLeftAlone) {
  TempFolder temp;
  Taken fs;
  auto record = record_named("x");
  EXPECT_THROW(create_run(fs, temp.path(), record), IoError);
  EXPECT_TRUE(std::filesystem::exists(temp.path() / record.id() / "theirs"));
  EXPECT_FALSE(std::filesystem::exists(temp.path() / (".new-" + record.id())));
}

TEST(RunFolder, ABrokenRecordHidesNoOther) {
  TempFolder temp;
  auto record = record_named("mine");
  const Path folder = create_run(real_file_system(), temp.path(), record).folder.path();
  std::filesystem::create_directory(temp / "zzz");
  std::ofstream(temp / "zzz" / "run.json") << "{\"seed\": \"many\"}";
  EXPECT_EQ(find_run(temp.path(), "mine"), folder);
}

TEST(RunFolder, ABrokenRecordIsNamed) {
  TempFolder temp;
  std::ofstream(temp / "run.json") << "{\"seed\": \"many\"}";
  EXPECT_THAT(error_of<Error>([&] { read_record(temp.path()); }), HasSubstr("run.json: no run record"));
}

// Ended at any operation, or with a full disk, what stands in `runs` is a whole run or nothing.
TEST(RunFolder, ACrashLeavesAWholeRunOrNone) {
  for (const char* kind : {"kill", "torn", "power", "enospc", "eio"}) {
    bool ended = true;
    for (uint64_t at = 1; ended; ++at) {
      TempFolder runs;
      int status = in_child([&] {
        FaultyFileSystem fs(real_file_system(), Fault::parse(std::string(kind) + "@" + std::to_string(at)));
        auto record = record_named("x");
        create_run(fs, runs.path(), record);
      });
      ended = status != 0;
      ASSERT_LT(at, 50u);
      for (const Path& folder : list_runs(runs.path())) {
        EXPECT_EQ(read_record(folder).name(), "x");
        EXPECT_EQ(status_of(folder, read_record(folder)), RunStatus::dead);
        HeldRun again = open_run(real_file_system(), folder);
      }
      if (status == 1) { EXPECT_TRUE(list_runs(runs.path()).empty()) << "an error leaves no run behind"; }
    }
    EXPECT_FALSE(ended);
  }
}

TEST(RunFolder, TheRecordIsReplacedWholeOrNotAtAll) {
  TempFolder runs;
  auto record = record_named("old");
  Path folder = create_run(real_file_system(), runs.path(), record).folder.path();
  for (const char* kind : {"kill", "torn", "power", "enospc", "eio"}) {
    int status = 1;
    for (uint64_t at = 1; status != 0; ++at) {
      ASSERT_LT(at, 20u);
      record.set_name("old");
      write_record(real_file_system(), folder, record);
      status = in_child([&] {
        FaultyFileSystem fs(real_file_system(), Fault::parse(std::string(kind) + "@" + std::to_string(at)));
        record.set_name("new");
        write_record(fs, folder, record);
      });
      EXPECT_THAT(read_record(folder).name(), testing::AnyOf("old", "new"));
      if (status == 0) { EXPECT_EQ(read_record(folder).name(), "new"); }
    }
  }
}

TEST(RunLock, OneProcessAtATime) {
  TempFolder runs;
  auto record = record_named("x");
  auto held = std::make_unique<HeldRun>(create_run(real_file_system(), runs.path(), record));
  Path folder = held->folder.path();
  EXPECT_TRUE(is_held(folder));
  EXPECT_EQ(status_of(folder, record), RunStatus::running);
  EXPECT_EQ(read_holder(folder)->pid, ::getpid());
  EXPECT_THAT(error_of<Error>([&] { open_run(real_file_system(), folder); }),
              HasSubstr("still running (process " + std::to_string(::getpid())));
  held.reset();
  EXPECT_FALSE(is_held(folder));
  EXPECT_EQ(status_of(folder, record), RunStatus::dead);
  EXPECT_NO_THROW(open_run(real_file_system(), folder));
}

TEST(RunLock, IsReleasedByADeadProcess) {
  TempFolder runs;
  auto record = record_named("x");
  Path folder = create_run(real_file_system(), runs.path(), record).folder.path();
  in_child([&] {
    HeldRun run = open_run(real_file_system(), folder);
    ::_exit(0);
  });
  EXPECT_NE(read_holder(folder)->pid, ::getpid());
  EXPECT_NO_THROW(open_run(real_file_system(), folder));
}

TEST(RunLock, WithoutLocksAHeartbeatHolds) {
  TempFolder runs;
  FaultyFileSystem fs(real_file_system(), Fault::parse("nolock"));
  auto record = record_named("x");
  auto held = std::make_unique<HeldRun>(create_run(fs, runs.path(), record));
  Path folder = held->folder.path();
  EXPECT_THAT(held->lock.warning(), HasSubstr("refuses locks"));
  EXPECT_TRUE(is_held(folder));
  EXPECT_THAT(error_of<Error>([&] { open_run(fs, folder); }), HasSubstr("still running"));
  held.reset();
  EXPECT_FALSE(is_held(folder));
  in_child([&] {
    HeldRun run = open_run(fs, folder);
    ::_exit(0);  // killed: its last beat is fresh, but the process is gone
  });
  EXPECT_FALSE(is_held(folder));
  EXPECT_NO_THROW(open_run(fs, folder));
}

TEST(RunStatus, FollowsTheLastLaunch) {
  TempFolder runs;
  auto record = record_named("x");
  Path folder = create_run(real_file_system(), runs.path(), record).folder.path();
  record.add_launches()->mutable_end()->set_status(record::End::INTERRUPTED);
  EXPECT_EQ(name_of(status_of(folder, record)), "interrupted");
  record.add_launches();
  EXPECT_EQ(name_of(status_of(folder, record)), "dead");
  record.mutable_launches(1)->mutable_end()->set_status(record::End::FINISHED);
  EXPECT_EQ(name_of(status_of(folder, record)), "finished");
}

}  // namespace
}  // namespace stet::tracking
