// What a program, and what is around it, may do without the run being lost or its record being false.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "stet/tracking/reading/run_view.h"
#include "stet/tracking/reading/verification.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "tracking/run_harness.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;

// For programs that a verification starts, too.
class WithVariable {
 public:
  WithVariable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~WithVariable() { ::unsetenv(name_); }
  WithVariable(const WithVariable&) = delete;
  WithVariable& operator=(const WithVariable&) = delete;

 private:
  const char* name_;
};

class Surroundings : public testing::Test {
 protected:
  Ended train(const std::string& what, Environment environment = {}, Arguments arguments = {}) {
    environment["STET_TEST_DO"] = what;
    environment["STET_TEST_FOLDER"] = (folder_ / "elsewhere").string();
    std::filesystem::create_directories(folder_ / "elsewhere");
    arguments.insert(arguments.begin(), {"--quiet", "--checkpoint-every", "1"});
    return run_program(STET_SURROUNDINGS, folder_.path(), arguments, environment);
  }
  // The program in a shell that `before` prepares it in, as by a limit.
  Ended train_in_shell(const std::string& before, const std::string& arguments = "") {
    const std::string command =
        fmt::format("{} exec {} --quiet --checkpoint-every 1 {}", before, STET_SURROUNDINGS, arguments);
    return run_program("/bin/sh", folder_.path(), {"-c", command}, {{"STET_TEST_DO", "nothing"}});
  }
  Path run() { return only_run(folder_.path()); }
  RunStatus status() { return status_of(run(), read_record(run())); }
  std::vector<std::string> artifacts() {
    std::vector<std::string> contents;
    for (const std::string& name : Folder(run() / "artifacts").names())
      contents.push_back(name + ": " + read_file(run() / "artifacts" / name));
    return contents;
  }
  TempFolder folder_;
};

class NotUtf8 : public Surroundings, public testing::WithParamInterface<std::string> {};

TEST_P(NotUtf8, IsRefusedAtTheCallInOneLine) {
  const Ended ended = train(GetParam());
  EXPECT_NE(ended.status, 0);
  EXPECT_THAT(ended.err, AllOf(HasSubstr(R"(caf\xe9' is not UTF-8)"), Not(HasSubstr("\xe9"))));
  EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
  if (run().empty()) return;  // refused before it began
  EXPECT_EQ(read_run(run()).launches.back().end->message, ended.err.substr(14, ended.err.size() - 15));
}

INSTANTIATE_TEST_SUITE_P(Names, NotUtf8,
                         testing::Values("metric", "tensor metric", "context", "context name", "text", "image",
                                         "artifact", "track", "member", "stream", "help", "choice", "policy", "kept",
                                         "data set", "program"));

TEST_F(Surroundings, AMessageOfAnyBytesIsRecordedSoThatItCanBeRead) {
  const Ended ended = train("message");
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(ended.err, "surroundings: can't open caf\\xe9.png \\x1b[2J\n");
  EXPECT_EQ(read_run(run()).launches[0].end->message, "can't open caf\\xe9.png\n\x1b[2J");
}

TEST_F(Surroundings, ATextOfAnyBytesIsLoggedSoThatItCanBeRead) {
  EXPECT_EQ(train("text of any bytes").status, 0);
  EXPECT_THAT(outcome_of(run()).metrics[0], HasSubstr("caf\\xe9"));
}

TEST_F(Surroundings, WhatIsAroundTheProgramMayHoldAnyBytes) {
  const Path odd = folder_ / "caf\xe9";
  std::filesystem::create_directories(odd);
  std::filesystem::copy(STET_SURROUNDINGS, odd / "t\xe9st");
  const Ended ended =
      run_program((odd / "t\xe9st").string(), odd, {"--quiet"}, {{"STET_NOTE", "n\xf6"}, {"STET_TEST_DO", "nothing"}});
  ASSERT_EQ(ended.status, 0) << ended.err;
  const RunView view = read_run(only_run(odd));
  EXPECT_EQ(view.status, RunStatus::finished);
  EXPECT_THAT(view.launches[0].cwd, HasSubstr("caf\\xe9"));
  EXPECT_THAT(view.launches[0].program.path, HasSubstr("t\\xe9st"));
  EXPECT_EQ(view.launches[0].environment.at("STET_NOTE"), "n\\xf6");
  const Ended resumed =
      run_program(STET_SURROUNDINGS, folder_.path(), {"--runs", (odd / "runs").string(), "--resume", "latest"});
  EXPECT_EQ(resumed.status, 0) << resumed.err;
}

TEST_F(Surroundings, MetricsOfOtherContextsOrNamesAreOtherSeries) {
  ASSERT_EQ(train("contexts").status, 0);
  const RunView view = read_run(run());
  EXPECT_THAT(view.log.metrics,
              ElementsAre(Key("acc/1"), Key("acc[fold=1]"), Key("acc[subset=1]"), Key("acc[subset\\=1\\]=a\\,b]"),
                          Key("acc\\[subset=1]"), Key("m[a=x,b=y]")));
  EXPECT_EQ(view.series("acc", {{"subset", "1"}}).size(), 6u);
  EXPECT_EQ(view.series("acc", {{"subset", "1"}})[0].value, 0.25);
  EXPECT_EQ(view.series("acc[subset=1]")[0].value, 0.125);
  EXPECT_EQ(view.series("m", {{"b", "y"}, {"a", "x"}}).size(), 12u);
}

TEST_F(Surroundings, WhatIsLoggedUnderANameIsOneThing) {
  for (const auto& [what, message] : {std::pair("two kinds", "'acc' is the name of a logged number already"),
                                      std::pair("context twice", "the context of 'acc' says 'a' twice"),
                                      std::pair("metric of two", "log: 'acc' has shape [2], not one element"),
                                      std::pair("empty name", "the name is empty")}) {
    TempFolder folder;
    const Ended ended = train(what);
    EXPECT_EQ(ended.status, 1);
    EXPECT_THAT(ended.err, HasSubstr(message));
    std::filesystem::remove_all(folder_ / "runs");
  }
}

TEST_F(Surroundings, ArtifactsOfOneNameAreAllKept) {
  ASSERT_EQ(train("artifacts").status, 0);
  EXPECT_THAT(artifacts(), ElementsAre("data-9f86d081.csv: test", "data.csv: train"));
}

class ChangesItsFolder : public Surroundings, public testing::WithParamInterface<std::string> {};

TEST_P(ChangesItsFolder, AndTheRunEndsWhereItBegan) {
  const Ended ended = train(GetParam());
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(status(), RunStatus::finished);
  EXPECT_EQ(read_run(run()).checkpoints.back().step, 6);
  EXPECT_EQ(read_record(run()).launches(0).cwd(), std::filesystem::canonical(folder_.path()));
  EXPECT_THAT(ended.out, HasSubstr("in " + std::filesystem::canonical(run()).string()));
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "elsewhere"));
}

INSTANTIATE_TEST_SUITE_P(When, ChangesItsFolder, testing::Values("chdir", "before the loop"),
                         [](const auto& info) { return info.param == "chdir" ? "InAStep" : "BeforeTheLoop"; });

TEST_F(Surroundings, ANewRunRemovesWhatTheDeadBegan) {
  const Path dead = folder_ / "runs/.new-20200101-000000-0000000", young = folder_ / "runs/.new-young";
  std::filesystem::create_directories(dead);
  { const RunLock lock(real_file_system(), Folder(dead)); }
  std::filesystem::create_directories(young);
  ASSERT_EQ(train("nothing").status, 0);
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_TRUE(std::filesystem::exists(young)) << "it may be locked in a moment";
}

TEST_F(Surroundings, ClosedStandardDescriptorsAreNoFilesOfTheRun) {
  const Ended ended = train_in_shell("exec <&- >&- 2>&-;");
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(read_run(run()).status, RunStatus::finished);
}

TEST_F(Surroundings, FewDescriptorsSufficeOrAreSaid) {
#ifdef STET_SANITIZED
  GTEST_SKIP() << "the sanitizers' runtime needs descriptors itself, and reports what it can't look at";
#endif
  int finished = 0;
  for (int limit = 6; limit <= 40; limit += 3) {
    std::filesystem::remove_all(folder_ / "runs");
    const Ended ended = train_in_shell(fmt::format("ulimit -n {};", limit));
    if (ended.status == 0) {
      ++finished;
      EXPECT_EQ(read_run(run()).status, RunStatus::finished);
    } else {
      const bool by_loader = ended.status == 127;  // which has not found the libraries yet
      EXPECT_TRUE(ended.status <= 2 || by_loader) << limit << ": " << ended.err;
      EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << limit << ": " << ended.err;
    }
  }
  EXPECT_GT(finished, 3);
}

// The log's is the only thread that a run can't do without.
TEST_F(Surroundings, FewThreadsSufficeOrAreSaid) {
#ifdef STET_SANITIZED
  GTEST_SKIP() << "the sanitizers' runtime wants to be the first library";
#endif
  ASSERT_EQ(train("nothing").status, 0);
  const std::string digest = read_record(run()).final_digest();
  for (int threads = 0; threads < 5; ++threads) {
    std::filesystem::remove_all(folder_ / "runs");
    const Ended ended =
        train("nothing", {{"LD_PRELOAD", STET_NO_THREADS}, {"STET_TEST_THREADS", std::to_string(threads)}});
    if (threads >= 2) {
      ASSERT_EQ(ended.status, 0) << ended.err;
      EXPECT_EQ(read_record(run()).final_digest(), digest);
      EXPECT_EQ(read_run(run()).launches[0].source.unknown, "");
    } else {
      EXPECT_EQ(ended.status, 2);
      EXPECT_THAT(ended.err, HasSubstr("the run's log: the system gives no thread"));
      EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
      EXPECT_EQ(run(), Path());
    }
  }
}

TEST_F(Surroundings, WhatIsTrackedMustLiveAsLongAsTheLoops) {
  const Ended before = train("destroys before the loop");
  EXPECT_EQ(before.status, 2);
  EXPECT_THAT(before.err, HasSubstr("track: 'net' was destroyed"));
  EXPECT_EQ(run(), Path());
  const Ended within = train("destroys in the loop");
  EXPECT_EQ(within.status, 1);
  EXPECT_THAT(within.err, HasSubstr("track: 'net' was destroyed"));
  EXPECT_EQ(status(), RunStatus::failed);
  EXPECT_EQ(train("destroys after the loop").status, 0);
}

TEST_F(Surroundings, AFileLimitIsSaidInOneLine) {
  const Ended ended = train_in_shell("ulimit -f 100;");
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("/programs/"), HasSubstr("File too large")));
  EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
  EXPECT_EQ(run(), Path());
}

TEST_F(Surroundings, NumbersAreReadToTheNearest) {
  const std::string nearest = "rate 0x1.999999999999ap-4";
  EXPECT_THAT(train("rounds upward", {}, {"--rate", "0.1"}).out, HasSubstr(nearest));
  std::ofstream(folder_ / "json") << R"({"rate": 0.1})";
  EXPECT_THAT(train("rounds upward", {}, {"--config", "json"}).out, HasSubstr(nearest));
  std::ofstream(folder_ / "lines") << "rate = 0.1\n";
  EXPECT_THAT(train("rounds upward", {}, {"--config", "lines"}).out, HasSubstr(nearest));
}

TEST_F(Surroundings, AClockBefore1970ThatRunsBackwardsLosesNothing) {
  const Environment past{{"STET_TEST_CLOCK", "past"}};
  ASSERT_EQ(train("contexts", past, {"--max-steps", "3"}).status, 0);
  ASSERT_EQ(train("contexts", past, {"--resume", "latest"}).status, 0);
  const RunView view = read_run(run());
  EXPECT_THAT(view.id, testing::StartsWith("19700101-000000-000"));
  EXPECT_EQ(view.status, RunStatus::finished);
  EXPECT_EQ(view.series("acc/1").size(), 6u);
  for (const RunLaunch& launch : view.launches) {
    EXPECT_GE(launch.end->wall_seconds, 0);
    EXPECT_LT(launch.started, 0) << "the test's clock";
  }
}

class Signal : public Surroundings, public testing::WithParamInterface<std::pair<int, const char*>> {};

TEST_P(Signal, EndsTheRunWithACheckpoint) {
  const auto& [signal, message] = GetParam();
  EXPECT_EQ(train("signal", {{"STET_TEST_SIGNAL", std::to_string(signal)}}).status, 130);
  EXPECT_EQ(status(), RunStatus::interrupted);
  EXPECT_EQ(read_record(run()).launches(0).end().message(), message);
  EXPECT_EQ(read_run(run()).checkpoints.back().step, 4);
}

INSTANTIATE_TEST_SUITE_P(Signals, Signal,
                         testing::Values(std::pair(SIGINT, "interrupted"), std::pair(SIGTERM, "terminated"),
                                         std::pair(SIGHUP, "hung up"), std::pair(SIGUSR1, "stopped by SIGUSR1"),
                                         std::pair(SIGUSR2, "stopped by SIGUSR2")));

TEST_F(Surroundings, SignalsThatTheProgramHandlesOrIgnoresAreItsOwn) {
  const Ended handled = train("handled signal", {{"STET_TEST_SIGNAL", std::to_string(SIGUSR1)}});
  EXPECT_EQ(handled.status, 0);
  EXPECT_THAT(handled.out, HasSubstr("handled"));
  std::filesystem::remove_all(folder_ / "runs");
  EXPECT_EQ(train("ignored signal", {{"STET_TEST_SIGNAL", std::to_string(SIGHUP)}}).status, 0);
  EXPECT_EQ(status(), RunStatus::finished);
}

// A child that was forked: how it ends, and what the run then has of it.
struct Forked {
  std::string what;
  std::string status;  // of the child
};
class Fork : public Surroundings, public testing::WithParamInterface<Forked> {};

TEST_P(Fork, LeavesTheRunToTheParent) {
  const Ended ended =
      train(GetParam().what, {{"ASAN_OPTIONS", "detect_leaks=0"}});  // it looks for the parent's threads
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(status(), RunStatus::finished);
  const Outcome outcome = outcome_of(run());
  std::string all;
  for (const std::string& line : outcome.metrics) all += line + "\n";
  EXPECT_THAT(all, AllOf(HasSubstr("ended with " + GetParam().status + ";"), Not(HasSubstr("the child")))) << all;
  EXPECT_EQ(outcome.digests.rbegin()->first, 6u);
  EXPECT_EQ(read_run(run()).launches.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Children, Fork,
                         testing::Values(Forked{"child exits", "7"}, Forked{"child throws", "1"},
                                         Forked{"child goes on", "0"}, Forked{"child gets SIGTERM", "143"}));

TEST_F(Surroundings, AForkedChildThatTrainsSaysThatNothingIsRecorded) {
  const Ended ended = train("forks before the loop");
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.err, HasSubstr("surroundings: trains without a record"));
  EXPECT_THAT(ended.err, Not(HasSubstr("allocates within fork()")));  // as the helper that copies output begins, too
  EXPECT_EQ(status(), RunStatus::finished);
  EXPECT_EQ(outcome_of(run()).digests.size(), 7u);
}

TEST_F(Surroundings, WhatChangesWithTheStepsMustBeTracked) {
  const auto refusal = [&](const std::string& what) { return train("untracked: " + what).err; };
  EXPECT_THAT(refusal("early stopping"), HasSubstr("step 1: EarlyStopping changes and is not tracked"));
  EXPECT_THAT(refusal("an average"), HasSubstr("step 1: an average of weights changes and is not tracked"));
  EXPECT_THAT(refusal("an optimizer's other net"),
              HasSubstr("step 4: an optimizer trains parameters that are not tracked"));
  const Ended older = train("untracked: gradients of two steps");
  EXPECT_EQ(older.status, 0);
  EXPECT_THAT(older.err, HasSubstr("an optimizer took gradients of an earlier step 3 times"));
}

TEST_F(Surroundings, VerifyingFromCheckpointsStopsBehindALoopThatWasLeft) {
  for (const bool hides : {false, true}) {
    TempFolder folder;
    const WithVariable what("STET_TEST_DO", hides ? "leaves inner loops and hides" : "leaves inner loops");
    ASSERT_EQ(run_program(STET_SURROUNDINGS, folder.path(), {"--quiet"}, {}).status, 0);
    const Verdict found = verify(only_run(folder.path()), {.resumes = true});
    EXPECT_EQ(found.verified(), !hides) << found.line;
    EXPECT_THAT(found.line, HasSubstr(hides ? "there is state outside run.track" : "and from 3 checkpoints too"));
  }
}

TEST_F(Surroundings, AResumedRunGoesOnInNoLoopThatIsTooShort) {
  ASSERT_EQ(train("takes other loops", {}, {"--max-steps", "8"}).status, 0);
  const Ended ended = train("takes other loops", {{"STET_TEST_OTHER", "1"}}, {"--resume", "latest"});
  EXPECT_NE(ended.status, 0);
  EXPECT_THAT(ended.err, HasSubstr("the loop where it left off had 8 iterations behind it, and here comes one of 3"));
  EXPECT_EQ(train("takes other loops", {}, {"--resume", "latest"}).status, 0);
  EXPECT_EQ(status(), RunStatus::finished);
}

TEST_F(Surroundings, AProgramThatCallsExitEndsItsRun) {
  const Ended after = train("exits after the loop");
  EXPECT_EQ(after.status, 0);
  EXPECT_EQ(status(), RunStatus::finished);
  EXPECT_THAT(outcome_of(run()).metrics.back(), HasSubstr("final"));
  std::filesystem::remove_all(folder_ / "runs");
  const Ended within = train("exits in the loop");
  EXPECT_EQ(within.status, 5);
  EXPECT_THAT(within.err, HasSubstr("the program called exit(5) within a loop of run"));
  EXPECT_EQ(status(), RunStatus::failed);
  EXPECT_EQ(read_run(run()).launches.back().end->message, "the program called exit(5) within a loop");
  EXPECT_EQ(train("nothing", {}, {"--resume", "latest"}).status, 0);
  EXPECT_EQ(status(), RunStatus::finished);
}

TEST_F(Surroundings, AResumedProgramThatExitsBeforeItsLoopSaysSo) {
  ASSERT_EQ(train("nothing", {}, {"--max-steps", "2"}).status, 0);
  const Ended ended = train("exits before the loop", {}, {"--resume", "latest"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("the program ended before it came to the loop where the run left off"));
  EXPECT_EQ(status(), RunStatus::interrupted);
}

TEST_F(Surroundings, ARunIsNamedSoThatItCanBeFound) {
  EXPECT_EQ(train("nothing", {}, {"--name", "exp/lr-1", "--max-steps", "2"}).status, 0);
  EXPECT_EQ(train("nothing", {}, {"--resume", "exp/lr-1"}).status, 0);
  EXPECT_EQ(status(), RunStatus::finished);
  for (const char* const name : {"latest", "..", " "}) {
    const Ended ended = train("nothing", {}, {"--name", name});
    EXPECT_EQ(ended.status, 2);
    EXPECT_THAT(ended.err, HasSubstr("--name: ")) << name;
  }
  EXPECT_THAT(train("nothing", {}, {"--resume", "exp/other"}).err,
              HasSubstr("run 'exp/other': no such folder, and no run"));
}

TEST_F(Surroundings, ARunThatFinishedIsVerifiedWhateverItsProgramReturns) {
  const WithVariable what("STET_TEST_DO", "returns 3");
  EXPECT_EQ(train("returns 3").status, 3);
  const Verdict found = verify(run(), {});
  EXPECT_TRUE(found.verified()) << found.line;
}

TEST_F(Surroundings, ARunWhoseProcessWasKilledIsDeadThoughAChildOfItLives) {
  std::filesystem::create_directories(folder_ / "elsewhere");
  std::ofstream(folder_ / "elsewhere/wait") << "";
  EXPECT_EQ(train("dies and leaves a child", {{"STET_TEST_DIE", "1"}}).status, 137);
  EXPECT_EQ(status(), RunStatus::dead);
  EXPECT_EQ(train("dies and leaves a child", {}, {"--resume", "latest"}).status, 0);
  EXPECT_EQ(status(), RunStatus::finished);
  std::filesystem::remove(folder_ / "elsewhere/wait");
}

}  // namespace
}  // namespace stet::tracking
