// `stet resume` and `stet verify` when a signal comes: the program that they run ends as it would have by itself, and
// nothing is left.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <sstream>

#include "stet/tracking/reading/subprocess.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "tracking/run_harness.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

// Patience with what must come; only a failing test waits so long.
bool comes(const std::function<bool()>& condition) {
  for (int i = 0; i < 6000 && !condition(); ++i) ::usleep(10'000);
  return condition();
}

pid_t child_of(pid_t process) {
  const std::string id = std::to_string(process);
  std::istringstream children(read_file("/proc/" + id + "/task/" + id + "/children"));
  pid_t child = -1;
  children >> child;
  return child;
}

// Ended, though nobody may have asked how.
bool is_gone(pid_t process) {
  try {
    const std::string status = read_file("/proc/" + std::to_string(process) + "/stat");
    return status.find(") Z ") != status.npos;
  } catch (const std::exception&) { return true; }
}

class Signals : public testing::Test {
 protected:
  void SetUp() override {
    environment_["TMPDIR"] = scratch_.path().string();
    environment_["STET_TEST_FOLDER"] = folder_.path().string();
    environment_["STET_TRUST"] = "1";
  }
  void train(const Arguments& more) {
    Arguments arguments{"--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ended ended = run_program(STET_SURROUNDINGS, folder_.path(), arguments, environment_);
    ASSERT_EQ(ended.status, 0) << ended.err;
  }
  // Begins the verb, and waits until its program is in a step that only a signal ends.
  std::unique_ptr<Subprocess> begin(const std::string& verb) {
    environment_["STET_TEST_DO"] = "waits";
    auto stet = std::make_unique<Subprocess>(Command{.program = STET_PROGRAM,
                                                     .arguments = {verb, "latest"},
                                                     .environment = environment_,
                                                     .cwd = folder_.path(),
                                                     .output = folder_ / "printed"});
    EXPECT_TRUE(comes([&] { return std::filesystem::exists(folder_ / "ready"); })) << read_file(folder_ / "printed");
    return stet;
  }
  RunStatus status() {
    const Path run = only_run(folder_.path());
    return status_of(run, read_record(run));
  }
  bool leaves_no_scratch() { return std::filesystem::is_empty(scratch_.path()); }

  TempFolder folder_, scratch_;
  Environment environment_;
};

class EachSignal : public Signals, public testing::WithParamInterface<int> {};

TEST_P(EachSignal, ResumePassesItOn) {
  train({"--max-steps", "2"});
  const auto stet = begin("resume");
  ::kill(stet->id(), GetParam());
  EXPECT_EQ(stet->wait(), 130);
  EXPECT_EQ(status(), RunStatus::interrupted);
  EXPECT_TRUE(leaves_no_scratch());
}

// Ctrl-C, and what a batch system sends to all processes of a job, come to the program by themselves as well.
TEST_P(EachSignal, ThatComesToTheProgramAsWellIsNoSecondOne) {
  train({"--max-steps", "2"});
  const auto stet = begin("resume");
  const pid_t program = child_of(stet->id());
  ::kill(program, SIGSTOP);
  ::kill(stet->id(), GetParam());
  ::kill(program, GetParam());
  ::kill(program, SIGCONT);
  EXPECT_EQ(stet->wait(), 130);
  EXPECT_EQ(status(), RunStatus::interrupted);
}

TEST_P(EachSignal, EndsAVerificationAndItsProgram) {
  train({});
  const auto stet = begin("verify");
  const pid_t program = child_of(stet->id());
  ::kill(stet->id(), GetParam());
  EXPECT_EQ(stet->wait(), 128 + GetParam());
  EXPECT_TRUE(is_gone(program));
  EXPECT_TRUE(leaves_no_scratch());
  EXPECT_FALSE(std::filesystem::exists(only_run(folder_.path()) / "notes"));
}

INSTANTIATE_TEST_SUITE_P(OfFive, EachSignal, testing::Values(SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2));

TEST_F(Signals, AQuitEndsAVerificationAndLeavesNoScratch) {
  train({});
  const auto stet = begin("verify");
  ::kill(stet->id(), SIGQUIT);
  EXPECT_EQ(stet->wait(), 128 + SIGQUIT);
  EXPECT_TRUE(leaves_no_scratch());
}

TEST_F(Signals, AProgramOutlivesNoStetThatWasKilled) {
  train({"--max-steps", "2"});
  const auto stet = begin("resume");
  stet->kill();
  EXPECT_TRUE(comes([&] { return status() == RunStatus::interrupted; })) << "it saved a checkpoint before it ended";
}

TEST_F(Signals, AReplayOutlivesNoStetThatWasKilled) {
  train({});
  const auto stet = begin("verify");
  const pid_t program = child_of(stet->id());
  stet->kill();
  EXPECT_TRUE(comes([&] { return is_gone(program); }));
}

}  // namespace
}  // namespace stet::tracking
