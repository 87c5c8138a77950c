#include "stet/tracking/capture/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>

#include "error_of.h"
#include "stet/tensor/error.h"
#include "stet/tracking/record/record.pb.h"
#include "tracking/fault/faulty_file_system.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::HasSubstr;

TEST(Program, IsKeptOnceAndRunsFromWhereItIsLaidOut) {
  TempFolder temp;
  Path runs = temp / "runs";
  record::Program program;
  keep_program(real_file_system(), runs, program);

  EXPECT_EQ(program.sha256(), sha256_file("/proc/self/exe"));
  EXPECT_EQ(sha256_file(runs / "programs" / program.sha256()), program.sha256());
  int kept = 0;
  bool has_c_library = false;
  for (const auto& object : program.shared_objects()) {
    EXPECT_EQ(std::filesystem::exists(runs / "programs" / object.sha256()), object.kept()) << object.soname();
    has_c_library |= object.soname().starts_with("libc.so") && !object.kept();
    kept += object.kept();
  }
  EXPECT_GT(kept, 3);
  EXPECT_TRUE(has_c_library) << "listed, not kept";

  FaultyFileSystem counting(real_file_system(), {});
  record::Program again;
  keep_program(counting, runs, again);
  EXPECT_EQ(counting.operations(), 0u) << "nothing is written for a program that is kept";
  EXPECT_EQ(again.SerializeAsString(), program.SerializeAsString());

  RunnableProgram laid_out = lay_out_program(real_file_system(), runs, program, temp / "scratch");
  EXPECT_EQ(laid_out.executable.filename(), Path(program.path()).filename());
  std::string command = "LD_LIBRARY_PATH=" + laid_out.environment.at("LD_LIBRARY_PATH") + " " +
                        laid_out.executable.string() + " --gtest_list_tests --gtest_filter=Program.* > " +
                        (temp / "out").string();
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_THAT(read_file(temp / "out"), HasSubstr("IsKeptOnce"));
}

TEST(Program, OneThatWasDamagedOrIsGoneIsNamed) {
  TempFolder temp;
  record::Program program;
  keep_program(real_file_system(), temp / "runs", program);
  Path kept = temp / "runs/programs" / program.sha256();
  std::filesystem::permissions(kept, std::filesystem::perms::owner_all);
  std::ofstream(kept, std::ios::app | std::ios::binary) << "x";
  EXPECT_THAT(error_of<Error>([&] { lay_out_program(real_file_system(), temp / "runs", program, temp / "a"); }),
              HasSubstr(kept.string() + ": damaged"));
  std::filesystem::remove(kept);
  EXPECT_THAT(error_of<Error>([&] { lay_out_program(real_file_system(), temp / "runs", program, temp / "b"); }),
              HasSubstr(kept.string() + ": is gone"));
}

// Somebody else's program comes in the place of what was kept, after it was looked at.
class Swapping final : public FaultyFileSystem {
 public:
  Swapping() : FaultyFileSystem(real_file_system(), {}) {}
  void copy(const InputFile&, const Entry& to, unsigned mode) override {
    real_file_system().copy(InputFile(Path("/bin/true")), to, mode);
  }
};

TEST(Program, WhatIsHashedIsWhatRuns) {
  TempFolder temp;
  record::Program program;
  keep_program(real_file_system(), temp / "runs", program);
  Swapping swapping;
  EXPECT_THAT(error_of<Error>([&] { lay_out_program(swapping, temp / "runs", program, temp / "a"); }),
              HasSubstr(": damaged"));
  const RunnableProgram laid_out = lay_out_program(real_file_system(), temp / "runs", program, temp / "b");
  EXPECT_EQ(std::filesystem::status(temp / "b").permissions(), std::filesystem::perms::owner_all);
  EXPECT_EQ(laid_out.environment.at("LD_PRELOAD"), "");
  EXPECT_EQ(laid_out.environment.at("LD_AUDIT"), "");
}

TEST(Program, NamesOfARecordLeadNowhere) {
  TempFolder temp;
  std::ofstream(temp / "decoy") << "precious";
  record::Program program;
  keep_program(real_file_system(), temp / "runs", program);
  const auto refusal = [&](const char* scratch) {
    return error_of<Error>([&] { lay_out_program(real_file_system(), temp / "runs", program, temp / scratch); });
  };
  const record::Program whole = program;
  for (auto& object : *program.mutable_shared_objects()) object.set_soname("../../decoy");
  EXPECT_THAT(refusal("a"), HasSubstr("'../../decoy' is no name of something in it"));
  program = whole;
  program.set_sha256("../../decoy");
  EXPECT_THAT(refusal("b"), HasSubstr("its recorded SHA-256, '../../decoy', is none"));
  program = whole;
  program.set_path("/somewhere/..");
  EXPECT_THAT(refusal("c"), HasSubstr("'..' is no name of something in it"));
  EXPECT_EQ(read_file(temp / "decoy"), "precious");
}

TEST(Program, ACrashWhileKeepingLeavesNoHalfProgram) {
  for (uint64_t at = 1; at <= 12; ++at) {
    TempFolder temp;
    pid_t child = ::fork();
    if (child == 0) {
      FaultyFileSystem fs(real_file_system(), Fault::parse("kill@" + std::to_string(at)));
      record::Program program;
      keep_program(fs, temp / "runs", program);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_EQ(WEXITSTATUS(status), 137);
    if (!std::filesystem::exists(temp / "runs/programs")) continue;
    for (const auto& entry : std::filesystem::directory_iterator(temp / "runs/programs")) {
      std::string name = entry.path().filename().string();
      if (!name.starts_with(".new-")) { EXPECT_EQ(sha256_file(entry.path()), name); }
    }
  }
}

}  // namespace
}  // namespace stet::tracking
