// Runs on the emulated GPU: the record, the checkpoints and the end of each are those of the same run on the CPU. The
// GPU's values come late (cuda/emulation/settings.h), so a place that logs, saves or ends without waiting for them
// shows.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "tracking/run_harness.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

const Arguments cuda{"--device", "cuda"};
const Arguments every_seven{"--checkpoint-every", "7"};

Arguments operator+(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// One line an event, or a value of one, since which values share an event is a matter of time; in the log's order,
// times apart.
std::string events_of(const Path& run) {
  std::string lines;
  EventReader reader(run);
  for (record::Event event; reader.next(event);) {
    event.clear_wall_time();
    for (const auto& value : event.summary().value())
      lines += fmt::format("step {} tick {} {}\n", event.step(), event.tick(), value.ShortDebugString());
    if (!event.has_summary()) lines += event.ShortDebugString() + "\n";
  }
  return lines;
}

// What a run on the CPU leaves, and one on the GPU.
struct Both {
  explicit Both(const Arguments& arguments, const Environment& environment = {}) {
    ended_on_cpu = run_scenario(on_cpu.path(), arguments, environment);
    if (!only_run(on_cpu.path()).empty()) share_programs(on_gpu.path(), on_cpu.path());
    ended_on_gpu = run_scenario(on_gpu.path(), arguments + cuda, environment);
  }
  Path cpu_run() const { return only_run(on_cpu.path()); }
  Path gpu_run() const { return only_run(on_gpu.path()); }
  record::Launch gpu_launch() const { return read_record(gpu_run()).launches(0); }

  void expect_the_same() const {
    EXPECT_EQ(ended_on_gpu.status, ended_on_cpu.status) << ended_on_gpu.err;
    EXPECT_EQ(ended_on_gpu.out, ended_on_cpu.out);
    ASSERT_FALSE(gpu_run().empty());
    EXPECT_EQ(events_of(gpu_run()), events_of(cpu_run()));
    EXPECT_EQ(difference(outcome_of(cpu_run()), outcome_of(gpu_run())), "");
    const auto end = read_record(cpu_run()).launches(0).end(), gpu_end = gpu_launch().end();
    EXPECT_EQ(gpu_end.status(), end.status());
    EXPECT_EQ(gpu_end.exit_code(), end.exit_code());
    EXPECT_EQ(gpu_end.message(), end.message());
    EXPECT_EQ(gpu_end.last_step(), end.last_step());
    EXPECT_EQ(read_record(gpu_run()).final_digest(), read_record(cpu_run()).final_digest());
  }

  TempFolder on_cpu, on_gpu;
  Ended ended_on_cpu, ended_on_gpu;
};

class EveryForm : public testing::TestWithParam<std::string> {};

TEST_P(EveryForm, GivesTheRecordOfTheCpu) {
  const Both both(every_seven + Arguments{"--epochs", "2", "--form", GetParam()});
  both.expect_the_same();
  EXPECT_EQ(both.ended_on_cpu.status, 0) << both.ended_on_cpu.err;
  EXPECT_EQ(both.gpu_launch().device(), "cuda:0");
  EXPECT_EQ(both.gpu_launch().machine().gpu(), "emulated on the CPU");
}

INSTANTIATE_TEST_SUITE_P(Forms, EveryForm,
                         testing::Values("plain", "gan", "accumulate", "carry", "average", "early", "mean", "nested",
                                         "best", "draws", "stages", "whole", "caught", "returns", "scores", "nothing"),
                         [](const auto& info) { return info.param; });

// Values that come at once, and values that come only when they are waited for.
TEST(GpuRun, LogsTheSameHoweverLateValuesCome) {
  for (const char* late : {"0", "1", "1000000"}) {
    SCOPED_TRACE(late);
    Both({"--form", "catches"}, {{"STET_EMULATED_LATE", late}}).expect_the_same();
    Both(every_seven + Arguments{"--form", "plain"}, {{"STET_EMULATED_LATE", late}}).expect_the_same();
  }
}

// The ticks whose losses a killed run has in its log.
std::vector<uint64_t> logged_losses(const Arguments& arguments, const Environment& environment) {
  TempFolder folder;
  EXPECT_EQ(run_scenario(folder.path(), arguments + cuda, environment).status, 137);
  std::vector<uint64_t> ticks;
  for (const auto& [tick, bits] : outcome_of(only_run(folder.path())).losses) ticks.push_back(tick);
  return ticks;
}

// Within the 20th step 19 boundaries have passed, of which 16 may still be on their way. A device is waited for once it
// is sixteen boundaries behind; what has come then may still lie in the log's queue, all or the later of it.
TEST(GpuRun, IsAtMostSixteenBoundariesBehind) {
  const auto losses = logged_losses({"--form", "catches", "--checkpoint-every", "100"},
                                    {{"STET_TEST_KILL", "step:20"}, {"STET_EMULATED_LATE", "1000000"}});
  const std::vector<uint64_t> come{1, 2};
  ASSERT_LE(losses.size(), come.size());
  EXPECT_TRUE(std::equal(losses.begin(), losses.end(), come.begin())) << testing::PrintToString(losses);
}

// A read arrives when so many later ones were asked for: with more of them a step, losses would come earlier.
TEST(GpuRun, ReadsALossOnceThatIsAMetricToo) {
  EXPECT_EQ(logged_losses({"--form", "plain", "--checkpoint-every", "100"},
                          {{"STET_TEST_KILL", "step:13"}, {"STET_EMULATED_LATE", "12"}}),
            (std::vector<uint64_t>{}));
}

TEST(GpuRun, GoesOnOnTheOtherDevice) {
  for (const bool gpu_first : {true, false}) {
    for (const char* form : {"plain", "carry", "nested"}) {
      SCOPED_TRACE(fmt::format("{} on the {} first", form, gpu_first ? "GPU" : "CPU"));
      const Arguments arguments = every_seven + Arguments{"--form", form};
      TempFolder undisturbed, folder;
      ASSERT_EQ(run_scenario(undisturbed.path(), arguments).status, 0);
      share_programs(folder.path(), undisturbed.path());
      ASSERT_EQ(
          run_scenario(folder.path(), arguments + Arguments{"--max-steps", "17"} + (gpu_first ? cuda : Arguments{}))
              .status,
          0);
      const Arguments second = arguments + (gpu_first ? Arguments{} : cuda);
      EXPECT_EQ(resumed_difference(folder.path(), second, outcome_of(only_run(undisturbed.path()))), "");
    }
  }
}

TEST(GpuRun, GoesOnOnTheOtherDeviceAfterAKill) {
  const Arguments arguments = every_seven + Arguments{"--form", "plain"};
  TempFolder undisturbed;
  ASSERT_EQ(run_scenario(undisturbed.path(), arguments).status, 0);
  const Outcome expected = outcome_of(only_run(undisturbed.path()));
  for (const char* place : {"step:5", "step:18", "tail:1", "evaluation:4"}) {
    for (const bool gpu_first : {true, false}) {
      SCOPED_TRACE(fmt::format("{} on the {}", place, gpu_first ? "GPU" : "CPU"));
      TempFolder folder;
      share_programs(folder.path(), undisturbed.path());
      ASSERT_EQ(
          run_scenario(folder.path(), arguments + (gpu_first ? cuda : Arguments{}), {{"STET_TEST_KILL", place}}).status,
          137);
      EXPECT_EQ(resumed_difference(folder.path(), arguments + (gpu_first ? Arguments{} : cuda), expected), "");
      // All of them: a checkpoint's own are in the log before it, so that what resumes from there has them.
      EXPECT_EQ(outcome_of(only_run(folder.path())).digests, expected.digests);
    }
  }
}

TEST(GpuRun, IsInterruptedAfterEverythingIsLogged) {
  const Both both(every_seven, {{"STET_TEST_INTERRUPT", "step:10"}});
  EXPECT_EQ(both.ended_on_gpu.status, 130);
  EXPECT_EQ(both.gpu_launch().end().message(), "interrupted");
  EXPECT_EQ(both.gpu_launch().end().last_step(), 10);
  both.expect_the_same();
}

// The program has gone on for some steps when the loss comes.
TEST(GpuRun, FailsAtTheStepWhoseLossIsNoNumber) {
  for (const char* late : {"0", "3", "1000000"}) {
    SCOPED_TRACE(late);
    const Both both({"--form", "nan", "--checkpoint-every", "4"}, {{"STET_EMULATED_LATE", late}});
    EXPECT_EQ(both.ended_on_gpu.status, 1);
    EXPECT_EQ(both.ended_on_gpu.err, both.ended_on_cpu.err);
    EXPECT_EQ(both.ended_on_gpu.err,
              "scenario: step 9: the loss is nan; lower the learning rate, or go on with --allow-nan\n");
    both.expect_the_same();
  }
}

// A checkpoint looks at the parameters, which that loss has spoilt, after the losses.
TEST(GpuRun, TellsTheProgramOfTheLossFirst) {
  const Both both({"--form", "tells", "--checkpoint-every", "12"}, {{"STET_EMULATED_LATE", "1000000"}});
  EXPECT_NE(both.ended_on_gpu.out.find("step 9: the loss is nan"), std::string::npos) << both.ended_on_gpu.out;
  both.expect_the_same();
}

TEST(GpuRun, FailsWithinTheStepWhoseMetricIsNoNumber) {
  const Both both({"--form", "nan metric", "--checkpoint-every", "4"});
  EXPECT_EQ(both.ended_on_gpu.err, "scenario: step 9: score is nan; log finite values, or go on with --allow-nan\n");
  both.expect_the_same();
}

TEST(GpuRun, FinishesWhenTheProgramGoesOnAfterAFailure) {
  TempFolder folder;
  EXPECT_EQ(run_scenario(folder.path(), Arguments{"--form", "recovers"} + cuda).status, 0);
  const auto end = read_record(only_run(folder.path())).launches(0).end();
  EXPECT_EQ(end.status(), record::End::FINISHED);
  EXPECT_GE(end.last_step(), 9 + 3);
  EXPECT_NE(events_of(only_run(folder.path())).find("caught"), std::string::npos);
}

// No boundary may follow soon that would bring it there.
TEST(GpuRun, HasInItsLogWhatItLogsBetweenSteps) {
  const Both both({}, {{"STET_EMULATED_LATE", "1000000"}});
  EXPECT_EQ(both.ended_on_gpu.status, 0);
  EXPECT_NE(events_of(both.gpu_run()).find("epoch 0"), std::string::npos);
  EXPECT_EQ(outcome_of(both.gpu_run()).metrics, outcome_of(both.cpu_run()).metrics);
}

TEST(GpuRun, ReportsTheLossThatFailedBeforeWhatTheProgramThrew) {
  const Both both({"--form", "catches", "--lr", "1e30", "--checkpoint-every", "100"},
                  {{"STET_TEST_THROW", "uncaught"}, {"STET_EMULATED_LATE", "1000000"}});
  EXPECT_EQ(both.ended_on_gpu.status, 1);
  EXPECT_EQ(both.ended_on_gpu.err, both.ended_on_cpu.err);
  both.expect_the_same();
}

TEST(GpuRun, EndsInOneLineAtAnIndexOutOfRange) {
  const Both both({"--form", "fault", "--checkpoint-every", "4"});
  EXPECT_EQ(both.ended_on_gpu.status, 1);
  EXPECT_EQ(both.ended_on_gpu.err, "scenario: index_select: the index at position 1 is not in 0 to 3\n");
  const auto end = both.gpu_launch().end();
  EXPECT_EQ(end.status(), record::End::FAILED);
  EXPECT_EQ(end.exit_code(), 1);
  EXPECT_EQ(list_checkpoints(both.gpu_run()).back().step, 8);
}

TEST(GpuRun, RunsOutOfMemoryAndGoesOnWithMore) {
  const Arguments arguments{"--form", "grows", "--checkpoint-every", "3"};
  TempFolder undisturbed, folder;
  ASSERT_EQ(run_scenario(undisturbed.path(), arguments).status, 0);
  share_programs(folder.path(), undisturbed.path());
  const Ended ended = run_scenario(folder.path(), arguments + cuda, {{"STET_EMULATED_MEMORY", "8000000"}});
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(ended.err,
            "scenario: cuda:0: out of memory: 1.0 MB asked for, 7.3 MB held, 0.7 MB of 8.0 MB free; take a smaller "
            "batch or model\n");
  const auto record = read_record(only_run(folder.path()));
  EXPECT_EQ(record.launches(0).end().status(), record::End::FAILED);
  EXPECT_EQ(record.launches(0).end().exit_code(), 1);
  EXPECT_EQ(record.launches(0).end().last_step(), 7);
  EXPECT_EQ(list_checkpoints(only_run(folder.path())).back().step, 6);
  EXPECT_EQ(resumed_difference(folder.path(), arguments + cuda, outcome_of(only_run(undisturbed.path()))), "");
}

TEST(GpuRun, RefusesAGpuThatIsNotThere) {
  TempFolder folder;
  const Ended ended = run_scenario(folder.path(), {"--device", "cuda:1"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_EQ(ended.err, "scenario: device cuda:1: there is one GPU here, cuda:0, which is emulated on the CPU\n");
  EXPECT_FALSE(std::filesystem::exists(folder / "runs"));
}

TEST(GpuRun, RefusesAProgramThatStaysOnTheCpu) {
  TempFolder folder;
  const Ended ended = run_scenario(folder.path(), cuda, {{"STET_TEST_STAY", "1"}});
  EXPECT_EQ(ended.status, 2);
  EXPECT_EQ(ended.err,
            "scenario: --device cuda:0: no parameter that is tracked is there; the program must move them, as in "
            "to(net, run.device())\n");
  EXPECT_EQ(only_run(folder.path()), Path());
}

TEST(GpuRun, VerifiesOnTheOtherDevice) {
  const Both both(every_seven + Arguments{"--epochs", "1"});
  for (const auto& [folder, device] : {std::pair(both.on_cpu.path(), "cuda"), std::pair(both.on_gpu.path(), "cpu")}) {
    SCOPED_TRACE(device);
    const Ended ended = run_program(STET_PROGRAM, folder, {"verify", "latest", "--resumes", "--device", device});
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(ended.out.find("verified: 13 of 13 steps run, "), 0u) << ended.out;
  }
}

}  // namespace
}  // namespace stet::tracking
