// Windows of long series: what the index answers against the points themselves.
#include "stet/tracking/reading/series_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "non_finite.h"
#include "stet/tracking/query/curve.h"
#include "stet/tracking/reading/run_index.h"
#include "stet/tracking/reading/smoothing.h"
#include "tracking/reading/long_log.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using Draw = std::mt19937_64;

int64_t below(Draw& draw, int64_t most) { return static_cast<int64_t>(draw() % static_cast<uint64_t>(most)); }

// How a series' steps go on.
enum class Steps { each, tenth, rare, repeated, disordered, gaps, backwards, negative };

int64_t next_step(Steps how, int64_t i, Draw& draw) {
  switch (how) {
    case Steps::each: return i;
    case Steps::tenth: return 10 * i;
    case Steps::rare: return 1000 * i + 7;
    case Steps::repeated: return i / 5;
    case Steps::disordered: return i + below(draw, 50);
    case Steps::gaps: return i + (i / 3000) * 1'000'000;
    case Steps::backwards: return 1'000'000 - i;
    case Steps::negative: return i - 10'000;
  }
  return i;
}

double next_value(int64_t i, Draw& draw) {
  const int64_t kind = below(draw, 300);
  if (kind == 0) return kNaN;
  if (kind == 1) return kInfinity;
  if (kind == 2) return -kInfinity;
  return std::sin(static_cast<double>(i) / 500) + static_cast<double>(below(draw, 1000)) / 1000;
}

class Windows : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
    run_ = make_run_folder(folder_ / "runs", "one");
    writer_ = std::make_unique<LogWriter>(run_);
  }

  // Logs further points of "loss", with others between.
  void log(int64_t count, Steps how, Draw& draw) {
    for (int64_t i = 0; i < count; ++i, ++logged_) {
      if (below(draw, 4) == 0) writer_->add(logged_, {{"other", 1.5}, {"loss", 2.5, {{"subset", "clean"}}}});
      if (below(draw, 700) == 0) writer_->add(logged_, text_event("note", "text"));
      const double value = next_value(logged_, draw);
      writer_->add(next_step(how, logged_, draw), {{"before", 1}, {"loss", value}});
    }
    writer_->flush();
  }

  // All points of "loss", read by Protobuf, in the order of steps.
  std::vector<Point> points() const {
    std::vector<Point> all;
    EventReader reader{Folder(run_)};
    for (record::Event event; reader.next(event);) {
      for (const auto& value : event.summary().value()) {
        if (metric_name(value) == "loss" && value.context().empty())
          all.push_back({event.step(), event.wall_time(), value.double_value(), event.tick(), false});
      }
    }
    std::stable_sort(all.begin(), all.end(), [](const Point& a, const Point& b) { return a.step < b.step; });
    return all;
  }

  SeriesWindow window(WindowRequest request) const {
    request.metric = "loss";
    return read_window(run_, request);
  }

  TempFolder folder_;
  Path run_;
  std::unique_ptr<LogWriter> writer_;
  int64_t logged_ = 0;
};

void expect_same(const SeriesBucket& a, const SeriesBucket& b) {
  const auto same = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  EXPECT_EQ(a.count, b.count);
  EXPECT_EQ(a.nan, b.nan);
  EXPECT_EQ(a.above, b.above);
  EXPECT_EQ(a.below, b.below);
  EXPECT_EQ(a.first_step, b.first_step);
  EXPECT_EQ(a.last_step, b.last_step);
  EXPECT_EQ(a.first_time, b.first_time);
  EXPECT_EQ(a.last_time, b.last_time);
  EXPECT_TRUE(same(a.first, b.first)) << a.first << " " << b.first;
  EXPECT_TRUE(same(a.last, b.last)) << a.last << " " << b.last;
  EXPECT_TRUE(same(a.min, b.min)) << a.min << " " << b.min;
  EXPECT_TRUE(same(a.max, b.max)) << a.max << " " << b.max;
  if (a.finite() == 0) return;
  EXPECT_EQ(a.min_step, b.min_step);
  EXPECT_EQ(a.max_step, b.max_step);
  EXPECT_NEAR(a.sum, b.sum, 1e-10 * static_cast<double>(a.count));
}

// What a window must be, by its own width, of all points by step.
std::vector<SeriesBucket> expected(const std::vector<Point>& points, const WindowRequest& request, int64_t width) {
  std::map<int64_t, SeriesBucket> by_place;
  std::vector<SeriesBucket> all;
  for (const Point& p : points) {
    const SeriesBucket one = SeriesBucket::of(p.step, p.time, p.value);
    const bool within =
        p.step >= request.from && p.step <= request.to && p.time >= request.begin && p.time <= request.end;
    if (width == 0 && within) all.push_back(one);
    if (width == 0) continue;
    const auto place = static_cast<int64_t>(std::floor(static_cast<double>(p.step) / static_cast<double>(width)));
    const auto [at, is_new] = by_place.try_emplace(place, one);
    if (!is_new) at->second.add(one);
  }
  for (const auto& [place, bucket] : by_place) {
    const int64_t begin = place * width, end = begin + width - 1;
    if (end >= request.from && begin <= request.to && bucket.last_time >= request.begin &&
        bucket.first_time <= request.end)
      all.push_back(bucket);
  }
  return all;
}

void expect_window(const SeriesWindow& window, const std::vector<Point>& points, const WindowRequest& request) {
  const std::vector<SeriesBucket> wanted = expected(points, request, window.width);
  ASSERT_EQ(window.buckets.size(), wanted.size()) << "width " << window.width;
  for (size_t i = 0; i < wanted.size(); ++i) expect_same(window.buckets[i], wanted[i]);
  EXPECT_LE(window.buckets.size(), request.width > 0 ? window.buckets.size() : request.points);
  EXPECT_EQ(window.count, static_cast<int64_t>(points.size()));
  EXPECT_EQ(window.first_step, points.front().step);
  EXPECT_EQ(window.last_step, points.back().step);
}

TEST_F(Windows, AreWhatTheirPointsAre) {
  Draw draw(7);
  constexpr Steps kAll[] = {Steps::each,       Steps::tenth, Steps::rare,      Steps::repeated,
                            Steps::disordered, Steps::gaps,  Steps::backwards, Steps::negative};
  for (const Steps how : kAll) {
    SCOPED_TRACE(static_cast<int>(how));
    run_ = make_run_folder(folder_ / "runs", "run" + std::to_string(static_cast<int>(how)));
    writer_ = std::make_unique<LogWriter>(run_);
    logged_ = 0;
    for (const int64_t count : {3000, 900, 400, 7000, 30'000}) {  // across 4,096 points, and on
      log(count, how, draw);
      const std::vector<Point> all = points();
      const int64_t low = all.front().step, high = all.back().step;
      for (int k = 0; k < 12; ++k) {
        WindowRequest request{.metric = "loss", .context = {}};
        request.points = static_cast<size_t>(1 + below(draw, 2000));
        if (k % 3 == 1) {
          request.from = low + below(draw, high - low + 1);
          request.to = std::min(high + 5, request.from + below(draw, (high - low) / (1 + below(draw, 30)) + 2));
        }
        if (k % 4 == 3) request.begin = 1.7e9 + static_cast<double>(below(draw, 2 * logged_));
        if (k % 6 == 4) request.width = 1 + below(draw, 100);
        expect_window(window(request), all, request);
        if (HasFailure()) return;
      }
    }
  }
}

// Few values in a long log, which the index keeps by themselves.
TEST_F(Windows, GiveEachPointOfARareSeries) {
  const auto log_rare = [&](int64_t from, int64_t to) {
    for (int64_t step = from; step < to; ++step) {
      writer_->add(step, {{"other", 1.5}});
      if (step % 20 == 3) writer_->add(step, {{"loss", step % 7 == 0 ? kNaN : std::sin(static_cast<double>(step))}});
    }
    writer_->flush();
  };
  int64_t end = 0;
  for (const int64_t more : {1'000, 9'000, 20'000, 330'000}) {
    log_rare(end, end + more);
    end += more;
    const std::vector<Point> all = points();
    for (const size_t most : {100, 3'000, 30'000}) {
      WindowRequest request{.metric = {}, .context = {}, .points = most};
      expect_window(window(request), all, request);
      request.from = end / 3, request.to = end / 2;
      expect_window(window(request), all, request);
    }
    if (HasFailure()) return;
  }
  RunIndex index = RunIndex::of_run(run_);
  const SeriesFacts facts = index.facts(*index.find(run_)).log.series.at({"loss", {}});
  EXPECT_EQ(facts.level, 3) << "they have become too many for a bucket each";
}

TEST_F(Windows, DoNotMoveWhenTheSeriesGrows) {
  Draw draw(3);
  log(20'000, Steps::each, draw);
  const SeriesWindow before = window({.metric = {}, .context = {}, .width = 64});
  log(20'000, Steps::each, draw);
  const SeriesWindow after = window({.metric = {}, .context = {}, .width = 64});
  ASSERT_GT(before.buckets.size(), 300u);
  for (size_t i = 0; i + 1 < before.buckets.size(); ++i) expect_same(before.buckets[i], after.buckets[i]);
}

TEST_F(Windows, AreBuiltAnewWhenAResumeUndoesPoints) {
  Draw draw(5);
  log(12'000, Steps::each, draw);
  const LogPosition there = writer_->flush();
  log(9'000, Steps::each, draw);
  expect_window(window({.metric = {}, .context = {}, .points = 500}), points(),
                {.metric = {}, .context = {}, .points = 500});
  writer_ = std::make_unique<LogWriter>(run_, there, 12'000);
  logged_ = 12'000;
  log(3'000, Steps::each, draw);
  const std::vector<Point> all = points();
  ASSERT_EQ(all.size(), 15'000u);
  for (const size_t most : {50, 500, 5000}) {
    const WindowRequest request{.metric = {}, .context = {}, .points = most};
    expect_window(window(request), all, request);
  }
}

TEST_F(Windows, GiveSeriesByContextAndNothingOfWhatIsNotThere) {
  Draw draw(1);
  log(5'000, Steps::each, draw);
  EXPECT_EQ(read_window(run_, {.metric = "loss", .context = {}}).count, 5'000);
  const SeriesWindow clean = read_window(run_, {.metric = "loss", .context = {{"subset", "clean"}}});
  EXPECT_GT(clean.count, 500);
  EXPECT_TRUE(clean.exact() || clean.width > 0);
  EXPECT_EQ(clean.buckets.front().first, 2.5);
  EXPECT_EQ(read_window(run_, {.metric = "none", .context = {}}).count, 0);
  const WindowRequest outside{.metric = {}, .context = {}, .from = 1'000'000};
  EXPECT_TRUE(window(outside).buckets.empty());
  EXPECT_EQ(window(outside).count, 5'000);
}

// By the definition: each value weighed by its distance.
double smoothed_at(const std::vector<Point>& points, size_t last, double half_life) {
  double sum = 0, weights = 0;
  for (size_t i = 0; i <= last; ++i) {
    if (!std::isfinite(points[i].value)) continue;
    const double weight = std::exp2(-static_cast<double>(points[last].step - points[i].step) / half_life);
    sum += weight * points[i].value, weights += weight;
  }
  return sum / weights;
}

TEST_F(Windows, SmoothPointsByTheirSteps) {
  Draw draw(2);
  log(6'000, Steps::disordered, draw);
  const std::vector<Point> all = points();
  const WindowRequest request{
      .metric = {}, .context = {}, .from = 3'000, .to = 3'400, .points = 1'000, .half_life = 30};
  const SeriesWindow found = window(request);
  ASSERT_TRUE(found.exact());
  ASSERT_EQ(found.smooth.size(), found.buckets.size());
  size_t at = 0;
  while (all[at].step < 3'000) ++at;
  // What the index has as buckets came before, long enough ago to count little.
  for (size_t i = 0; i < found.smooth.size(); ++i)
    EXPECT_NEAR(found.smooth[i], smoothed_at(all, at + i, 30), 0.02) << i;
  EXPECT_NEAR(found.smooth.back(), smoothed_at(all, at + found.smooth.size() - 1, 30), 1e-5);
}

TEST_F(Windows, SmoothBucketsAsNearToThePointsAsTheySay) {
  Draw draw(4);
  log(40'000, Steps::each, draw);
  const std::vector<Point> all = points();
  for (const double half_life : {20.0, 200.0, 2'000.0, 20'000.0}) {
    const SeriesWindow found = window({.metric = {}, .context = {}, .points = 400, .half_life = half_life});
    ASSERT_EQ(found.width, 128);
    double range = 0;
    for (const SeriesBucket& b : found.buckets) range = std::max(range, b.max - b.min);
    // Of the coarsest buckets that are an eighth of it or less, else of the finest, which are 16 steps wide.
    const double width = half_life >= 8 * 64 ? 64 : 16, r = std::exp2(-width / half_life);
    for (size_t i = 0; i < found.buckets.size(); i += 7) {
      const auto last = static_cast<size_t>(found.buckets[i].last_step);
      EXPECT_NEAR(found.smooth[i], smoothed_at(all, last, half_life), range * (1 - r) / (4 * r)) << half_life;
    }
  }
}

TEST_F(Windows, SmoothByPointsAsQueriesDo) {
  Draw draw(6);
  log(4'500, Steps::each, draw);
  query::Curve curve;
  for (const Point& p : points()) curve.push_back({p.step, p.value});
  const query::Curve wanted = query::smoothed(curve, 0.9);
  const SeriesWindow by_points = window({.metric = {}, .context = {}, .points = 5'000, .weight = 0.9});
  // The same by steps, where all are finite.
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!std::isfinite(curve[i].value)) continue;
    ASSERT_NEAR(by_points.smooth[i], wanted[i].value, 1e-12) << i;
  }
  Smoother by_steps = Smoother::by_steps(-std::log(2) / std::log(0.9));
  query::Curve finite;
  for (int64_t i = 0; i < 300; ++i) finite.push_back({3 * i, std::sin(static_cast<double>(i))});
  const query::Curve smooth = query::smoothed(finite, std::pow(0.9, 3));
  for (size_t i = 0; i < finite.size(); ++i) {
    by_steps.add(SeriesBucket::of(finite[i].step, 0, finite[i].value));
    ASSERT_NEAR(by_steps.value(), smooth[i].value, 1e-12) << i;
  }
}

}  // namespace
}  // namespace stet::tracking
