// The library that reads runs, on runs of the scenario program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <fstream>

#include "stet/tensor/error.h"
#include "stet/tensor/version.h"
#include "stet/tracking/reading/differences.h"
#include "stet/tracking/reading/run_view.h"
#include "stet/tracking/reading/verification.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"
#include "tracking/run_harness.h"
#include "tracking/sealing.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Reading : public testing::Test {
 protected:
  void train(Arguments arguments = {}, const Environment& environment = {}, int status = 0) {
    arguments.insert(arguments.end(), {"--checkpoint-every", "7"});
    const Ended ended = run_scenario(folder_.path(), arguments, environment);
    ASSERT_EQ(ended.status, status) << ended.err;
  }
  Runs runs() const { return Runs(folder_ / "runs"); }
  RunView latest() const { return runs().open("latest"); }
  TempFolder folder_;
};

TEST_F(Reading, ListsRunsInTheOrderInWhichTheyWereMade) {
  EXPECT_THAT(runs().list().runs, IsEmpty());
  train({"--name", "first", "--lr", "0.1"});
  train({"--name", "second"}, {{"STET_TEST_KILL", "step:20"}}, 137);
  const RunList list = runs().list();
  ASSERT_EQ(list.size(), 2u);
  const RunSummary &first = list.runs[0], &second = list.runs[1];
  EXPECT_EQ(first.id, first.folder.filename().string());
  EXPECT_EQ(first.name, "first");
  EXPECT_EQ(first.program, "scenario");
  EXPECT_EQ(first.status, RunStatus::finished);
  EXPECT_EQ(first.steps, 39);
  EXPECT_EQ(first.numerics, numerics_version);
  EXPECT_EQ(first.seed, 1u);
  EXPECT_GT(first.created, 1.7e9);
  EXPECT_LE(first.created, second.created);
  EXPECT_EQ(second.status, RunStatus::dead);
  EXPECT_GE(second.steps, 14);  // its last checkpoint
  EXPECT_LE(second.steps, 19);
}

TEST_F(Reading, GivesParametersByTheirTypes) {
  train({"--lr", "0.1"});
  const RunSummary run = runs().find("latest");
  const auto named = [&](const std::string& name) {
    for (const RunParameter& p : run.parameters) {
      if (p.name == name) return p;
    }
    return RunParameter{};
  };
  EXPECT_EQ(named("lr").typed(), decltype(named("lr").typed())(0.1));
  EXPECT_EQ(named("lr").source, ValueSource::flag);
  EXPECT_EQ(named("lr").standard, "0.05");
  EXPECT_EQ(named("lr").meaning, "learning rate");
  EXPECT_EQ(std::get<int64_t>(named("epochs").typed()), 3);
  EXPECT_EQ(named("epochs").range, "> 0");
  EXPECT_EQ(named("epochs").source, ValueSource::standard);
  EXPECT_EQ(std::get<std::string>(named("form").typed()), "plain");
  EXPECT_EQ(named("widths").type, "int list");
  EXPECT_EQ(named("widths").value, "[4, 2]");
  EXPECT_EQ(std::get<std::vector<ParameterScalar>>(named("widths").typed()),
            (std::vector<ParameterScalar>{int64_t{4}, int64_t{2}}));
}

// A log of small digests would otherwise take the names' memory for each.
TEST_F(Reading, DigestsShareTheirNames) {
  train();
  const RunView run = runs().open("latest");
  ASSERT_GT(run.log.states.size(), 1u);
  ASSERT_GT(run.log.states.begin()->second.names.size(), 0u);
  EXPECT_EQ(&run.log.states.begin()->second.names[0], &run.log.states.rbegin()->second.names[0]);
}

TEST_F(Reading, FindsARunByIdPrefixNameAndFolder) {
  train({"--name", "a"});
  train({"--name", "b"});
  const RunList list = runs().list();
  EXPECT_EQ(runs().find("latest").name, "b");
  EXPECT_EQ(runs().find("a").id, list.runs[0].id);
  EXPECT_EQ(runs().find(list.runs[0].id).name, "a");
  EXPECT_EQ(runs().find(list.runs[1].folder.string()).name, "b");
  EXPECT_THROW(runs().find("neither"), UsageError);
  EXPECT_THROW(runs().open("2"), UsageError);  // a prefix of both
}

TEST_F(Reading, NamesWhatCannotBeReadBesideWhatCan) {
  train();
  train();
  const Path record = runs().folders()[0] / "run.json";
  std::ofstream(record, std::ios::trunc) << "{ no";
  const RunList list = runs().list();
  EXPECT_EQ(list.size(), 1u);
  ASSERT_EQ(list.unreadable.size(), 1u);
  EXPECT_EQ(list.unreadable[0].folder, record.parent_path());
  EXPECT_THAT(list.unreadable[0].why, HasSubstr(record.string() + ": no run record"));
  EXPECT_THROW(read_run(record.parent_path()), DataError);
}

TEST_F(Reading, ListsARunThatLostItsRecordAmongThoseThatCannotBeRead) {
  train();
  train({"--name", "b"});
  const Path lost = runs().folders()[0];
  std::filesystem::remove(lost / "run.json");
  std::filesystem::create_symlink(runs().folders()[0], folder_ / "runs/linked");
  const RunList list = runs().list();
  ASSERT_EQ(list.size(), 1u) << "a link is none";
  EXPECT_EQ(list.runs[0].name, "b");
  ASSERT_EQ(list.unreadable.size(), 1u);
  EXPECT_EQ(list.unreadable[0].folder, lost);
  EXPECT_THAT(list.unreadable[0].why, HasSubstr(lost.string() + ": holds a log and no run.json"));
  EXPECT_THROW(runs().find(lost.filename().string()), DataError);
}

// The scenario logs each step's loss, whose bits stand in the loss digests too.
TEST_F(Reading, GivesTheSeriesThatWasLogged) {
  train();
  const RunView run = latest();
  const std::vector<Point>& losses = run.series("loss");
  ASSERT_EQ(losses.size(), 39u);
  std::vector<uint64_t> bits;
  for (const auto& [tick, digest] : run.log.losses) bits.insert(bits.end(), digest.bits.begin(), digest.bits.end());
  ASSERT_EQ(bits.size(), 39u);
  double time = run.created;
  for (size_t i = 0; i < losses.size(); ++i) {
    EXPECT_EQ(losses[i].step, static_cast<int64_t>(i) + 1);
    EXPECT_EQ(losses[i].value, static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits[i]))));
    EXPECT_GE(losses[i].time, time);
    time = losses[i].time;
  }
  const Metric& loss = run.metric("loss");
  EXPECT_EQ(loss.summary.count, 39);
  EXPECT_EQ(loss.summary.last, losses.back().value);
  EXPECT_EQ(loss.summary.step, 39);
  const auto less = [](const Point& a, const Point& b) { return a.value < b.value; };
  EXPECT_EQ(loss.summary.min, std::min_element(losses.begin(), losses.end(), less)->value);
  EXPECT_EQ(loss.summary.max, std::max_element(losses.begin(), losses.end(), less)->value);
  EXPECT_EQ(runs().find("latest").series("loss").size(), 39u);
}

TEST_F(Reading, TellsMetricsOfOneNameApartByContext) {
  train();
  const RunView run = latest();
  EXPECT_EQ(run.series("error", {{"subset", "all"}}).size(), 3u);
  EXPECT_THAT(run.series("error"), IsEmpty());
  EXPECT_THAT(run.metric("error", {{"subset", "all"}}).context, ElementsAre(testing::Pair("subset", "all")));
  try {
    run.metric("los");
    FAIL() << "a metric that was never logged";
  } catch (const UsageError& e) {
    EXPECT_EQ(std::string(e.what()),
              "run " + run.id + ": logged no metric 'los'; it has epoch, error[subset=all], loss");
  }
}

TEST_F(Reading, LeavesOutWhatAResumeUndid) {
  train({}, {{"STET_TEST_KILL", "step:20"}}, 137);
  train({"--resume", "latest"});
  const RunView run = latest();
  EXPECT_EQ(run.series("loss").size(), 39u);
  ASSERT_EQ(run.launches.size(), 2u);
  EXPECT_FALSE(run.launches[0].end);
  EXPECT_EQ(run.launches[1].first_step, 14);
  ASSERT_TRUE(run.launches[1].end);
  EXPECT_EQ(run.launches[1].end->exit_code, 0);
  EXPECT_EQ(run.launches[1].argv.back(), "7");
  EXPECT_EQ(run.launches[1].program.sha256.size(), 64u);
}

TEST_F(Reading, MarksTheBestCheckpoint) {
  train({"--form", "best"});
  const RunView run = latest();
  EXPECT_EQ(run.best_metric, "error");
  ASSERT_FALSE(run.checkpoints.empty());
  const double least = run.metric("error").summary.min;
  int best = 0;
  for (const RunCheckpoint& c : run.checkpoints) {
    ASSERT_TRUE(c.metric);
    EXPECT_EQ(c.best, *c.metric == least) << c.step;
    EXPECT_EQ(c.bytes, static_cast<int64_t>(std::filesystem::file_size(c.path)));
    best += c.best;
  }
  EXPECT_EQ(best, 1);
}

TEST_F(Reading, TellsInWhatTwoRunsDiffer) {
  train({"--name", "a"});
  train({"--name", "b"});
  train({"--name", "c", "--lr", "0.1"});
  const RunView a = runs().open("a"), b = runs().open("b"), c = runs().open("c");
  EXPECT_TRUE(diff(a, b).same());
  EXPECT_TRUE(diff(a, b).same_bits);
  const RunDifferences found = diff(a, c);
  EXPECT_FALSE(found.same());
  EXPECT_FALSE(found.same_bits);
  const auto lr = testing::Pair("lr", testing::Pair("0.05", "0.1"));
  EXPECT_THAT(found.parameters, ElementsAre(lr));
  EXPECT_THAT(found.hyperparameters, ElementsAre(testing::Pair("opt/lr", testing::_)));
  EXPECT_THAT(found.data, IsEmpty());
  EXPECT_TRUE(found.metrics.contains("loss"));
  EXPECT_THAT(found.run, ElementsAre(testing::Pair("digest", testing::_)));
}

TEST_F(Reading, TellsCurvesApartThatAddUpToTheSame) {
  train({"--name", "a"});
  const Path first = only_run(folder_.path()), second = folder_ / "runs/copy";
  std::filesystem::copy(first, second, std::filesystem::copy_options::recursive);
  const Path log = list_segments(Folder(second)).front().entry.path();
  std::string frames;
  EventReader reader{Folder(second)};
  bool changed = false;
  for (record::Event event; reader.next(event);) {
    if (event.has_summary() && event.step() == 20) {
      for (auto& value : *event.mutable_summary()->mutable_value()) {
        if (value.tag() != "loss") continue;
        value.set_double_value(std::nextafter(value.double_value(), 0.0));
        changed = true;
      }
    }
    frames += frame(event.SerializeAsString());
  }
  ASSERT_TRUE(changed);
  overwrite(log, frames);
  const RunDifferences found = diff(runs().open(first), runs().open(second));
  EXPECT_THAT(found.metrics, testing::Contains(testing::Key("loss")));
  EXPECT_FALSE(found.same());
}

TEST_F(Reading, VerifiesAGoodRun) {
  train();
  const RunView run = latest();
  std::vector<int64_t> seen;
  const Verdict verdict = verify(run, {.threads = 2, .resumes = true}, [&](int64_t step, int64_t steps) {
    EXPECT_EQ(steps, 39);
    seen.push_back(step);
  });
  EXPECT_TRUE(verdict.verified()) << verdict.line;
  EXPECT_EQ(verdict.steps, 39);
  EXPECT_EQ(verdict.reason, "");
  for (const auto& replayed : {verdict.whole, verdict.resumed}) {
    ASSERT_TRUE(replayed);
    EXPECT_EQ(replayed->steps, 39);
    EXPECT_EQ(replayed->digests, run.log.losses.size() + run.log.states.size());
    EXPECT_EQ(replayed->digests_equal, replayed->digests);
    EXPECT_FALSE(replayed->first_difference);
  }
  EXPECT_FALSE(seen.empty());
  EXPECT_FALSE(std::filesystem::exists(run.folder / "notes"));  // a report is left by leave_report alone
  leave_report(run.folder, {}, verdict);
  EXPECT_FALSE(std::filesystem::is_empty(run.folder / "notes"));
}

TEST_F(Reading, SaysWhereATamperedRunParts) {
  train();
  replace_once(latest().folder / "run.json", "\"seed\": \"1\"", "\"seed\": \"2\"");
  EXPECT_THAT(verify(latest()).line, HasSubstr("not verified: altered since it ended: run.json has other bytes"));
  seal_anew(latest().folder);
  const Verdict verdict = verify(latest());
  EXPECT_EQ(verdict.outcome, Verdict::Outcome::not_verified);
  ASSERT_TRUE(verdict.whole && verdict.whole->first_difference);
  EXPECT_EQ(verdict.whole->first_difference->step, 0);
  EXPECT_THAT(verdict.whole->first_difference->tensors, testing::Contains("net/in"));
  EXPECT_LT(verdict.whole->digests_equal, verdict.whole->digests);
  EXPECT_THAT(verdict.line, HasSubstr("not verified: step 0: net/in differs"));
}

TEST_F(Reading, SaysWhyARunIsNotRunAgain) {
  train();
  const Path checkpoint = latest().checkpoints[1].path;
  std::string bytes = read_file(checkpoint);
  bytes[bytes.size() / 2] ^= 1;
  std::ofstream(checkpoint, std::ios::binary | std::ios::trunc) << bytes;
  const Verdict damaged = verify(latest());
  EXPECT_EQ(damaged.outcome, Verdict::Outcome::not_verified);
  EXPECT_THAT(damaged.reason, HasSubstr(checkpoint.filename().string() + " has other bytes"));
  EXPECT_FALSE(damaged.whole);
  seal_anew(latest().folder);
  EXPECT_THAT(verify(latest()).reason, HasSubstr(checkpoint.string()));

  std::filesystem::remove(checkpoint);
  seal_anew(latest().folder);
  std::filesystem::rename(folder_ / "runs" / "programs", folder_ / "elsewhere");
  const Verdict gone = verify(latest());
  EXPECT_EQ(gone.outcome, Verdict::Outcome::impossible);
  EXPECT_THAT(gone.reason, HasSubstr("is gone"));
}

TEST_F(Reading, PrintsNothing) {
  train({"--name", "a"});
  train({"--name", "b"});
  train({"--form", "nan"}, {}, 1);
  replace_once(runs().open("b").folder / "run.json", "\"seed\": \"1\"", "\"seed\": \"2\"");
  std::ofstream(runs().folders()[2] / "run.json", std::ios::trunc) << "{ no";
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const RunList list = runs().list();
  const RunView a = runs().open("a"), b = runs().open("b");
  const bool same = diff(a, b).same();
  const Verdict good = verify(a), bad = verify(b);
  EXPECT_THROW(runs().open("neither"), UsageError);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(list.unreadable.size(), 1u);
  EXPECT_FALSE(same);
  EXPECT_TRUE(good.verified());
  EXPECT_FALSE(bad.verified());
}

}  // namespace
}  // namespace stet::tracking
