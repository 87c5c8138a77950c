// Best values, histograms, vectors, resources: what they come to, and that no result and no verification depends on how
// they came.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "stet/tensor/error.h"
#include "stet/tracking/capture/nvml.h"
#include "stet/tracking/capture/resources.h"
#include "stet/tracking/reading/run_view.h"
#include "stet/tracking/reading/verification.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/record/run_folder.h"
#include "tracking/run_harness.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class Measures : public testing::Test {
 protected:
  Ended train(Arguments arguments, const Environment& environment = {}) {
    arguments.insert(arguments.end(), {"--form", "measures"});
    return run_scenario(folder_.path(), arguments, environment);
  }
  Path run() const { return only_run(folder_.path()); }
  TempFolder folder_;
};

TEST_F(Measures, AreInTheRecordAndVerified) {
  ASSERT_EQ(train({}).status, 0);
  const RunView view = read_run(run());
  ASSERT_THAT(view.summaries, SizeIs(3));
  const MetricSummary& loss = view.log.metrics.at("loss").summary;
  EXPECT_EQ(view.summaries[0].best, "min");
  EXPECT_EQ(view.summaries[0].value, loss.min);
  EXPECT_EQ(view.summaries[0].step, loss.min_step);
  const MetricSummary& score = view.log.metrics.at("score[subset=all]").summary;
  EXPECT_EQ(view.summaries[1].metric, "score[subset=all]");
  EXPECT_EQ(view.summaries[1].value, score.max);
  EXPECT_EQ(view.summaries[1].step, score.max_step);
  EXPECT_TRUE(view.summaries[2].varies);
  EXPECT_EQ(view.summaries[2].step, 39);
  EXPECT_THAT(view.log.media.at("weights/net/in"), SizeIs(7));
  EXPECT_THAT(view.log.media.at("gradients/net/in"), SizeIs(7));
  EXPECT_EQ(view.log.media.at("gradients/net/in")[0].step, 5);
  EXPECT_EQ(view.log.media.at("outputs")[0].kind, LoggedMedium::Kind::histogram);
  EXPECT_THAT(view.log.media.at("per class")[1].numbers, ElementsAre(0.5, 1, 0));
  const Verdict verdict = verify(run(), {});
  EXPECT_TRUE(verdict.verified()) << verdict.line;
}

TEST_F(Measures, AResumedRunsBestValuesAreThoseOfAllSteps) {
  ASSERT_EQ(train({"--checkpoint-every", "7"}).status, 0);
  const auto whole = read_run(run()).summaries;
  TempFolder other;
  const Arguments form{"--form", "measures", "--checkpoint-every", "7"};
  ASSERT_EQ(run_scenario(other.path(), form, {{"STET_TEST_KILL", "step:30"}}).status, 137);
  ASSERT_EQ(run_scenario(other.path(), {"--resume", "latest"}).status, 0);
  const auto resumed = read_run(only_run(other.path())).summaries;
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(resumed[i].value, whole[i].value);
    EXPECT_EQ(resumed[i].step, whole[i].step);
  }
  EXPECT_TRUE(verify(only_run(other.path()), {}).verified());
}

TEST_F(Measures, ALogsMetricsOfAStepAreOneEvent) {
  ASSERT_EQ(train({"--epochs", "1"}).status, 0);
  EventReader reader{Folder(run())};
  int with_all = 0;
  for (record::Event event; reader.next(event);) with_all += event.summary().value_size() >= 4;
  EXPECT_EQ(with_all, 13);
}

// A queue of 16 boundaries, and the digests' own.
TEST_F(Measures, AKillCostsWhatWasQueued) {
  ASSERT_EQ(train({"--checkpoint-every", "1000"}, {{"STET_TEST_KILL", "step:39"}}).status, 137);
  const auto points = read_run(run()).series("loss");
  EXPECT_GE(points.size(), 39u - 17);
}

TEST_F(Measures, ResourcesChangeNoDigestAndNoVerdict) {
  ASSERT_EQ(train({}, {{"STET_TEST_RESOURCES", "0"}}).status, 0);
  const Outcome without = outcome_of(run());
  TempFolder other;
  ASSERT_EQ(run_scenario(other.path(), {"--form", "measures"}, {{"STET_TEST_RESOURCES", "0.001"}}).status, 0);
  const Path watched = only_run(other.path());
  const RunView view = read_run(watched);
  for (const char* name : {"system/memory", "system/host/memory", "system/disk/free", "system/cpu"}) {
    ASSERT_TRUE(view.log.metrics.contains(name)) << name;
    for (const Point& p : view.log.metrics.at(name).points) EXPECT_TRUE(p.varies && p.value >= 0 && p.step <= 39);
  }
  EXPECT_EQ(difference(without, outcome_of(watched)), "");
  EXPECT_TRUE(verify(watched, {}).verified());
}

TEST_F(Measures, OfTheMachineAreInNoTableButAskedFor) {
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(train({"--runs", (folder_.path() / "many").string()}, {{"STET_TEST_RESOURCES", "0.001"}}).status, 0);
  }
  const auto stet = [&](Arguments words) {
    words.insert(words.end(), {"--runs", "many"});
    return run_program(STET_PROGRAM, folder_.path(), words).out;
  };
  EXPECT_THAT(stet({"ls"}), Not(HasSubstr("system/")));
  EXPECT_THAT(stet({"ls", "--columns", "id,metrics[\"system/memory\"].last"}), HasSubstr("system/memory"));
  const auto runs = list_runs(folder_.path() / "many");
  ASSERT_THAT(runs, SizeIs(2));
  EXPECT_THAT(stet({"diff", runs[0].filename().string(), runs[1].filename().string()}), Not(HasSubstr("system/")));
}

TEST(Resources, ReadThisMachine) {
  TempFolder folder;
  Resources resources{Folder(folder.path())};
  for (int i = 0; i < 1'000'000; ++i) asm volatile("");
  std::vector<std::string> names;
  for (const auto& [name, value] : resources.read()) {
    names.push_back(name);
    EXPECT_TRUE(std::isfinite(value)) << name;
  }
  EXPECT_THAT(names, Contains("system/memory"));
  EXPECT_THAT(names, Contains("system/disk/free"));
}

TEST(Nvml, AMachineWithoutTheLibraryHasNoGpus) {
  std::vector<std::pair<std::string, double>> found;
  Nvml("libstet-no-such-library.so.1").read(found);
  EXPECT_THAT(found, SizeIs(0));
}

TEST(Buckets, CountEveryValueOnce) {
  std::vector<double> values;
  for (int i = 0; i <= 300; ++i) values.push_back(-1.5 + 0.01 * i);
  const Buckets found = buckets_of(values);
  ASSERT_THAT(found.buckets, SizeIs(30));
  double count = 0;
  for (size_t i = 0; i < 30; ++i) {
    count += found.buckets[i].count;
    EXPECT_NEAR(found.buckets[i].left, -1.5 + 0.1 * static_cast<double>(i), 1e-12);
  }
  EXPECT_EQ(count, 301);
  EXPECT_EQ(found.buckets[0].left, -1.5);
  EXPECT_EQ(found.buckets[29].right, values.back());
}

TEST(Buckets, OfEqualValuesOfNoneAndOfExtremes) {
  EXPECT_THAT(buckets_of({}).buckets, SizeIs(0));
  const std::vector<double> same{2, 2, 2}, far{-1.7e308, 1.7e308};
  const Buckets one = buckets_of(same);
  ASSERT_THAT(one.buckets, SizeIs(1));
  EXPECT_EQ(one.buckets[0].left, 1.5);
  EXPECT_EQ(one.buckets[0].count, 3);
  EXPECT_THAT(buckets_of(far).buckets, SizeIs(1));
}

}  // namespace
}  // namespace stet::tracking
