// What the index says of a run's log, against the whole log.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <random>

#include "error_of.h"
#include "non_finite.h"
#include "stet/tensor/error.h"
#include "stet/tracking/reading/differences.h"
#include "stet/tracking/reading/run_view.h"
#include "tracking/reading/long_log.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::HasSubstr;

record::Event mark(record::SessionLog::Status status) {
  record::Event event;
  event.mutable_session_log()->set_status(status);
  return event;
}

record::Event state(char of) {
  record::Event event;
  event.mutable_state_digest()->set_root(std::string(16, of));
  return event;
}

// All that `stet show` prints of a log, a line each.
std::string lines_of(const RunOverview& run) {
  std::string lines = fmt::format("{} steps, digest {}, {}\n", run.steps, run.digest(), run.seal.line());
  for (const auto& [tag, metric] : run.outline.metrics) {
    const MetricSummary& m = metric.summary;
    lines += fmt::format("{} {} {} {} {} {} {} {} {} {}\n", tag, metric.name, metric.context.size(), m.last, m.step,
                         m.min, m.min_step, m.max, m.max_step, m.count);
  }
  for (const auto& [name, m] : run.outline.media)
    lines += fmt::format("{} {} {} {} {}\n", name, static_cast<int>(m.kind), m.count, m.step, m.bytes);
  for (const RunCheckpoint& c : run.checkpoints)
    lines += fmt::format("{} {} {}\n", c.step, c.metric ? fmt::format("{}", *c.metric) : "none", c.best);
  return lines;
}

// Logs whatever a program may log, in some order.
class Anything {
 public:
  Anything(LogWriter& log, uint64_t seed) : log_(log), draw_(seed) {}

  void add(int64_t from, int64_t to) {
    for (int64_t step = from; step < to; ++step) {
      const double t = static_cast<double>(step);
      log_.add(step, {{"loss", value(t)}, {"val/loss", value(t), {{"fold", "1"}, {"subset", "clean"}}}});
      if (below(3) == 0) log_.add(step - below(20), {{"val/loss", value(2 * t), {{"subset", "noisy"}}}, {"a[b", t}});
      if (below(50) == 0) log_.add(step, {{"all nan", kNaN}});
      if (below(400) == 0) log_.add(step, text_event("note", std::string(static_cast<size_t>(below(50)), 'x')));
      if (below(400) == 0) log_.add(step, vector_event("per class", std::vector<double>{t, kNaN, 3}));
      if (below(400) == 0) log_.add(step, histogram_event("weights", buckets_of(std::vector<double>{t, 2, 3})));
      if (below(900) == 0) log_.add(step, image_event("image", 1, 1, "not a PNG"));
      if (step % 97 == 0) log_.add(step, mark(record::SessionLog::CHECKPOINT));
      if (below(500) == 0) log_.add(step, state(static_cast<char>('a' + below(20))));
    }
  }

 private:
  int64_t below(int64_t most) { return static_cast<int64_t>(draw_() % static_cast<uint64_t>(most)); }
  double value(double t) {
    const int64_t kind = below(500);
    return kind == 0 ? kNaN : kind == 1 ? kInfinity : kind == 2 ? -kInfinity : std::sin(t) * static_cast<double>(kind);
  }
  LogWriter& log_;
  std::mt19937_64 draw_;
};

class Overview : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
    run_ = make_run_folder(folder_ / "runs", "one", "loss");
    keep_checkpoints();
  }

  // Files for marks that may be there.
  void keep_checkpoints() const {
    for (int step = 0; step < 18'000; step += 97)
      std::ofstream(run_ / "checkpoints" / fmt::format("step-{:08}.h5", step)) << "none";
  }

  void expect_same() const {
    const RunView whole = read_run(run_);
    const RunOverview overview = read_overview(run_);
    EXPECT_EQ(lines_of(overview), lines_of(whole));
    EXPECT_TRUE(diff(overview, whole).same());
    EXPECT_EQ(overview.seal.stopped_log, whole.seal.stopped_log);
    const std::vector<Metric> metrics = read_metrics(run_, {"val/*", "loss"});
    size_t points = 0;
    for (const Metric& metric : metrics) {
      const std::vector<Point>& wanted = whole.series(metric.name, metric.context);
      ASSERT_EQ(metric.points.size(), wanted.size());
      for (size_t i = 0; i < wanted.size(); ++i, ++points) {
        const Point &a = metric.points[i], &b = wanted[i];
        ASSERT_EQ(std::tie(a.step, a.time, a.tick, a.varies), std::tie(b.step, b.time, b.tick, b.varies));
        ASSERT_TRUE(a.value == b.value || (std::isnan(a.value) && std::isnan(b.value)));
      }
    }
    EXPECT_GT(points, 20'000u);
  }

  // Is the index asked at all?
  bool has_index() const { return std::filesystem::exists(folder_ / "cache" / "stet" / "index"); }

  TempFolder folder_;
  Path run_;
};

TEST_F(Overview, IsThatOfTheWholeLog) {
  for (const uint64_t seed : {1, 2, 3}) {
    std::filesystem::remove_all(run_);
    run_ = make_run_folder(folder_ / "runs", "one", "loss");
    keep_checkpoints();
    LogWriter log(run_);
    Anything anything(log, seed);
    anything.add(0, 10'000);
    log.flush();
    expect_same();
    anything.add(10'000, 16'000);
    const LogPosition there = log.flush();
    expect_same();
    anything.add(16'000, 18'000);
    log.flush();
    expect_same();
    LogWriter resumed(run_, there, 16'000);
    Anything(resumed, 10 * seed).add(16'000, 17'000);
    resumed.add(17'000, mark(record::SessionLog::STOP));
    resumed.flush();
    expect_same();
  }
  EXPECT_TRUE(has_index());
}

TEST_F(Overview, NamesTheLogsDamageAsTheWholeDoes) {
  LogWriter log(run_);
  Anything(log, 5).add(0, 15'000);
  log.flush();
  expect_same();
  const Path segment = Folder(run_).path() / list_segments(Folder(run_)).front().entry.name();
  std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(700'000);
  file.write("damage", 6);
  file.close();
  const std::string whole = error_of<DataError>([&] { read_run(run_); });
  EXPECT_THAT(whole, HasSubstr("damaged at byte"));
  EXPECT_EQ(error_of<DataError>([&] { read_overview(run_); }), whole);
  EXPECT_EQ(error_of<DataError>([&] { read_metrics(run_, {"loss"}); }), whole);
}

TEST_F(Overview, NamesTheMetricsThatThereAre) {
  LogWriter log(run_);
  Anything(log, 6).add(0, 15'000);
  log.flush();
  try {
    read_metrics(run_, {"los"});
    FAIL();
  } catch (const UsageError& e) {
    EXPECT_THAT(e.what(), HasSubstr("logged no metric 'los'; it has a\\[b, all nan, loss"));
  }
}

RunOverview run_of(double metric, const std::string& parameter, uint64_t seed) {
  RunOverview run;
  run.steps = 5;
  run.seed = seed;
  for (const char* name : {"steps", "digest"}) {
    MetricOutline& outline = run.outline.metrics[name];
    outline.name = name;
    outline.summary.last = metric;
    outline.summary.count = 1;
  }
  run.parameters.emplace_back();
  run.parameters.back().name = "program";
  run.parameters.back().value = parameter;
  return run;
}

TEST(Differences, KeepsApartWhatIsCalledAsSomethingThatARunHas) {
  const RunDifferences found = diff(run_of(1, "x", 1), run_of(2, "y", 2));
  EXPECT_THAT(found.metrics, testing::ElementsAre(testing::Key("digest"), testing::Key("steps")));
  EXPECT_THAT(found.parameters, testing::ElementsAre(testing::Key("program")));
  EXPECT_THAT(found.run, testing::ElementsAre(testing::Pair("seed", testing::Pair("1", "2"))));
}

}  // namespace
}  // namespace stet::tracking
