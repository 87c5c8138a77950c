// A run that is killed, or whose disk fails, at any operation goes on to the same bits.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <random>
#include <thread>

#include "tracking/fault/faulty_file_system.h"
#include "tracking/run_harness.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

const Arguments every_seven{"--checkpoint-every", "7"};

// 3 epochs of 13 batches with a checkpoint every 7 steps, undisturbed; made once for all tests.
class Undisturbed {
 public:
  static const Undisturbed& plain() {
    static const Undisturbed run({});
    return run;
  }
  explicit Undisturbed(const Arguments& form) {
    Arguments arguments = every_seven;
    arguments.insert(arguments.end(), form.begin(), form.end());
    const Ended ended = run_scenario(folder_.path(), arguments);
    if (ended.status != 0) throw std::runtime_error(ended.err);
    outcome = outcome_of(only_run(folder_.path()));
  }
  const Path& folder() const { return folder_.path(); }
  Outcome outcome;

 private:
  TempFolder folder_;
};

Arguments with_form(const std::string& form) {
  Arguments arguments = every_seven;
  arguments.insert(arguments.end(), {"--form", form});
  return arguments;
}

// Operations on disk of the undisturbed run.
int count_operations(bool program_is_kept) {
  TempFolder folder;
  if (program_is_kept) share_programs(folder.path(), Undisturbed::plain().folder());
  const Path report = folder / "operations";
  run_scenario(folder.path(), every_seven, {{"STET_FAULT", "count:" + report.string()}});
  return std::stoi(read_file(report));
}

// One case: the fault, how the program ended, and whether the resumed run is as if nothing had been.
std::string survives(const std::string& fault) {
  const Undisturbed& undisturbed = Undisturbed::plain();
  TempFolder folder;
  share_programs(folder.path(), undisturbed.folder());
  const Ended ended = run_scenario(folder.path(), every_seven, {{"STET_FAULT", fault}});
  const bool killed = fault.starts_with("kill") || fault.starts_with("torn") || fault.starts_with("power");
  if (killed && ended.status != 137) return fmt::format("ended with status {}: {}", ended.status, ended.err);
  if (!killed && ended.status > 2) return fmt::format("ended with status {}: {}", ended.status, ended.err);
  if (ended.status == 2 && !only_run(folder.path()).empty()) return "was refused and left a run behind";
  return resumed_difference(folder.path(), every_seven, undisturbed.outcome);
}

// Whether to try every case: the environment asks for it by STET_EVERY_CASE, as make proof does. Else every third,
// where neighbours take the same path.
bool every_case() { return std::getenv("STET_EVERY_CASE") != nullptr; }

// `first` is where the sample begins, so that several kinds of fault strike all operations between them.
void try_every_operation(const std::string& kind, int first) {
  Undisturbed::plain();
  const int operations = count_operations(true), stride = every_case() ? 1 : 3;
  ASSERT_GT(operations, 60);
  std::atomic<int> next{every_case() ? 1 : first};
  std::mutex mutex;
  const auto work = [&] {
    for (int n; (n = next.fetch_add(stride)) <= operations;) {
      const std::string problem = survives(fmt::format("{}@{}", kind, n));
      if (problem.empty()) continue;
      const std::lock_guard lock(mutex);
      ADD_FAILURE() << kind << " at operation " << n << " of " << operations << ": " << problem;
    }
  };
  std::thread other(work);
  work();
  other.join();
}

TEST(RunKill, WhileTheProgramIsKept) {
  const int all = count_operations(false), others = count_operations(true);
  ASSERT_GT(all, others);
  for (int n = 1; n < all - others; n += std::max(1, (all - others) / 12)) {
    TempFolder folder;
    ASSERT_EQ(run_scenario(folder.path(), every_seven, {{"STET_FAULT", fmt::format("torn@{}", n)}}).status, 137);
    EXPECT_EQ(resumed_difference(folder.path(), every_seven, Undisturbed::plain().outcome), "")
        << "torn at operation " << n;
  }
}

TEST(RunKill, AtEveryOperation) { try_every_operation("kill", 1); }
TEST(RunKill, InTheMiddleOfEveryWrite) { try_every_operation("torn", 2); }
TEST(RunKill, PowerCutAtEveryOperation) { try_every_operation("power", 3); }
TEST(RunKill, DiskFullAtEveryOperation) { try_every_operation("enospc", 1); }
TEST(RunKill, InputOutputErrorAtEveryOperation) { try_every_operation("eio", 2); }

class KillPlace : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

TEST_P(KillPlace, GoesOnToTheSameBits) {
  const auto& [form, place] = GetParam();
  const Undisturbed undisturbed({"--form", form});
  TempFolder folder;
  share_programs(folder.path(), undisturbed.folder());
  EXPECT_EQ(run_scenario(folder.path(), with_form(form), {{"STET_TEST_KILL", place}}).status, 137);
  EXPECT_EQ(resumed_difference(folder.path(), with_form(form), undisturbed.outcome), "");
}

INSTANTIATE_TEST_SUITE_P(Plain, KillPlace,
                         testing::Values(std::tuple("plain", "step:1"), std::tuple("plain", "step:6"),
                                         std::tuple("plain", "step:7"), std::tuple("plain", "step:13"),
                                         std::tuple("plain", "tail:1"), std::tuple("plain", "tail:3"),
                                         std::tuple("plain", "evaluation:2"), std::tuple("plain", "evaluation:5"),
                                         std::tuple("plain", "epoch:1"), std::tuple("plain", "epoch:3")));

INSTANTIATE_TEST_SUITE_P(BetweenLoops, KillPlace,
                         testing::Values(std::tuple("hollow", "between:1"), std::tuple("hollow", "between:2"),
                                         std::tuple("hollow", "between:3"), std::tuple("torn", "torn:1"),
                                         std::tuple("torn", "torn:2")));

TEST(RunKill, TwiceInARow) {
  const Undisturbed& undisturbed = Undisturbed::plain();
  for (const auto& [first, second] : {std::pair("step:10", "step:2"), std::pair("step:10", "step:12"),
                                      std::pair("step:3", "step:9"), std::pair("evaluation:2", "evaluation:1")}) {
    TempFolder folder;
    share_programs(folder.path(), undisturbed.folder());
    EXPECT_EQ(run_scenario(folder.path(), every_seven, {{"STET_TEST_KILL", first}}).status, 137);
    EXPECT_EQ(
        run_scenario(folder.path(), {"--checkpoint-every", "7", "--resume", "latest"}, {{"STET_TEST_KILL", second}})
            .status,
        137);
    EXPECT_EQ(resumed_difference(folder.path(), every_seven, undisturbed.outcome), "");
  }
}

// STET_RANDOM_KILLS sets how many; a few by default.
TEST(RunKill, AtRandomInstants) {
  const char* wish = std::getenv("STET_RANDOM_KILLS");
  const int kills = wish ? std::atoi(wish) : 5;
  const Undisturbed& undisturbed = Undisturbed::plain();
  std::mt19937 random(std::random_device{}());
  const auto whole = [&] {
    TempFolder folder;
    share_programs(folder.path(), undisturbed.folder());
    const auto begin = std::chrono::steady_clock::now();
    run_scenario(folder.path(), every_seven);
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin).count();
  }();
  for (int i = 0; i < kills; ++i) {
    TempFolder folder;
    share_programs(folder.path(), undisturbed.folder());
    const int after = std::uniform_int_distribution<int>(1, static_cast<int>(whole))(random);
    run_scenario(folder.path(), every_seven, {}, after);
    EXPECT_EQ(resumed_difference(folder.path(), every_seven, undisturbed.outcome), "")
        << "killed after " << after << " us";
  }
}

class EveryForm : public testing::TestWithParam<std::string> {};

// Stopped at every step in turn, or at every third, each time from where the last stop left it.
TEST_P(EveryForm, GoesOnFromEveryStep) {
  const std::string form = GetParam();
  const Undisturbed undisturbed({"--form", form});
  const int64_t steps = static_cast<int64_t>(undisturbed.outcome.losses.rbegin()->first);
  for (const int64_t stride : {every_case() ? 1 : 3, 5}) {
    TempFolder folder;
    share_programs(folder.path(), undisturbed.folder());
    for (int64_t stop = 1; stop < std::min<int64_t>(steps, 30); stop += stride) {
      Arguments arguments = with_form(form);
      arguments.insert(arguments.end(), {"--max-steps", std::to_string(stop)});
      if (stop > 1) arguments.insert(arguments.end(), {"--resume", "latest"});
      const Ended ended = run_scenario(folder.path(), arguments);
      ASSERT_EQ(ended.status, 0) << ended.err;
    }
    EXPECT_EQ(resumed_difference(folder.path(), with_form(form), undisturbed.outcome), "")
        << "every " << stride << " steps";
  }
}

// Killed in the middle of writes, so that the newest checkpoint lies behind the log's end.
TEST_P(EveryForm, GoesOnAfterKills) {
  const std::string form = GetParam();
  const Undisturbed undisturbed({"--form", form});
  for (const int at : {30, 55, 61, 78, 90, 97}) {
    TempFolder folder;
    share_programs(folder.path(), undisturbed.folder());
    run_scenario(folder.path(), with_form(form), {{"STET_FAULT", fmt::format("torn@{}", at)}});
    EXPECT_EQ(resumed_difference(folder.path(), with_form(form), undisturbed.outcome), "")
        << "torn at operation " << at;
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, EveryForm,
                         testing::Values("plain", "gan", "accumulate", "carry", "average", "early", "mean", "nested",
                                         "best", "draws", "stages", "whole", "caught", "returns", "hollow", "left",
                                         "measures", "torn"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace stet::tracking
