#include "stet/tracking/cli/plot_curves.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "stet/tensor/error.h"
#include "stet/tracking/reading/curves.h"
#include "stet/tracking/reading/run_view.h"
#include "stet/tracking/record/events.h"

namespace stet::tracking::cli {
namespace {

constexpr size_t kMostBuckets = 2000;  // more than a chart has columns
constexpr double kPointsToSmooth = 8;  // buckets in a half-life, of which means are smoothed as their points would be
constexpr double kInfinity = std::numeric_limits<double>::infinity(), kNaN = std::numeric_limits<double>::quiet_NaN();

// A series by the name under which it is shown.
struct Shown {
  std::string name;
  query::SeriesName series;
  SeriesFacts facts;
};

// Times that a record says may be as far apart as numbers go.
void drop_placeless(std::vector<PlotPoint>& points) {
  std::erase_if(points, [](const PlotPoint& p) { return !std::isfinite(p.x); });
}

// x of a metric's points; those whose x is unknown are left out.
std::vector<PlotPoint> points_of(const std::vector<Point>& logged, const std::string& x, double created,
                                 const std::map<int64_t, double>& by_step) {
  std::vector<PlotPoint> points;
  for (const Point& p : logged) {
    double at = static_cast<double>(p.step);
    if (x == "time") at = p.time - created;
    else if (x != "step") {
      const auto found = by_step.find(p.step);
      if (found == by_step.end() || !std::isfinite(found->second)) continue;
      at = found->second;
    }
    points.push_back({at, p.value, p.value, p.value});
  }
  drop_placeless(points);
  std::stable_sort(points.begin(), points.end(), [](const PlotPoint& a, const PlotPoint& b) { return a.x < b.x; });
  return points;
}

// What stays of a bucket: its extremes, and whatever is not finite.
void add_points(std::vector<PlotPoint>& points, const SeriesBucket& b, bool by_time, double created) {
  const auto x = [&](int64_t step) {
    if (!by_time) return static_cast<double>(step);
    const double steps = static_cast<double>(b.last_step) - static_cast<double>(b.first_step);
    const double part = steps > 0 ? (static_cast<double>(step) - static_cast<double>(b.first_step)) / steps : 0;
    return b.first_time + part * (b.last_time - b.first_time) - created;
  };
  const auto add = [&](int64_t step, double y) { points.push_back({x(step), y, y, y}); };
  const bool min_first = b.min_step <= b.max_step;
  if (b.finite() > 0) add(min_first ? b.min_step : b.max_step, min_first ? b.min : b.max);
  if (b.finite() > 1) add(min_first ? b.max_step : b.min_step, min_first ? b.max : b.min);
  for (const auto& [count, y] : {std::pair(b.nan, kNaN), {b.above, kInfinity}, {b.below, -kInfinity}}) {
    if (count > 0) add(b.last_step, y);
  }
}

PlotCurve curve_of(const SeriesWindow& window, std::string label, bool by_time, double created) {
  PlotCurve curve{.label = std::move(label), .points = {}, .has_band = false, .raw = {}};
  for (const SeriesBucket& b : window.buckets) add_points(curve.points, b, by_time, created);
  drop_placeless(curve.points);
  if (window.smooth.empty()) return curve;
  curve.raw = std::move(curve.points);
  curve.points.clear();
  for (size_t i = 0; i < window.buckets.size(); ++i) {
    const SeriesBucket& b = window.buckets[i];
    const double at = by_time ? b.last_time - created : static_cast<double>(b.last_step), y = window.smooth[i];
    curve.points.push_back({at, y, y, y});
  }
  drop_placeless(curve.points);
  return curve;
}

class Reading {
 public:
  Reading(RunIndex& index, const std::vector<IndexedRun>& runs, const CurveOptions& options)
      : index_(index), options_(options), drawn_(runs.size()) {
    for (size_t i = 0; i < runs.size(); ++i) read(i, runs[i]);
    const std::vector<SeriesWindow> windows = index.windows(asked_);
    for (size_t i = 0; i < windows.size(); ++i) {
      if (!windows[i].problem.empty()) throw DataError(windows[i].problem);
      *places_[i].curve() = curve_of(windows[i], places_[i].curve()->label, by_time(), places_[i].created);
    }
  }
  std::vector<Drawn> take() { return std::move(drawn_); }

 private:
  // A curve that the index gives.
  struct Place {
    std::vector<PlotCurve>* curves;
    size_t at;
    double created;
    PlotCurve* curve() const { return &(*curves)[at]; }
  };

  bool by_time() const { return options_.x == "time"; }
  bool by_metric() const { return options_.x != "step" && !by_time(); }

  void read(size_t i, const IndexedRun& run) {
    RunFacts facts = index_.facts(run);
    Drawn& drawn = drawn_[i];
    // One that the index does not have, or whose log is damaged: read as a whole it says what is wrong.
    if (facts.field("id").is_none() || !facts.problem.empty()) facts = read_whole(run);
    const auto* id = facts.field("id").get_if<std::string>();
    drawn.id = id ? *id : run.id;
    const auto* name = facts.field("name").get_if<std::string>();
    drawn.name = name ? *name : "";
    const auto* made = facts.field("made").get_if<query::Date>();
    const double created = made ? made->seconds : 0;
    std::map<std::string, Shown> shown;
    for (const auto& [series, of] : facts.log.series) shown[of.tag] = {series.name, series, of};
    std::vector<const Shown*> exact;
    for (const std::string& word : options_.metrics) {
      for (const Shown* one : find_metrics(shown, word)) {
        if (!is_drawn_from_buckets(*one)) exact.push_back(one);
      }
    }
    std::map<int64_t, double> by_step;
    const auto points = read_exact(run, shown, exact, by_step);
    for (const std::string& word : options_.metrics) {
      for (const Shown* one : find_metrics(shown, word)) {
        PlotCurve curve{.label = drawn.name, .points = {}, .has_band = false, .raw = {}};
        if (const std::string tag = metric_tag(one->name, one->series.context); tag != word) curve.label += " " + tag;
        const bool from_buckets = is_drawn_from_buckets(*one);
        if (!from_buckets) curve.points = points_of(points.at(one), options_.x, created, by_step);
        if (!from_buckets && curve.points.empty()) continue;
        std::vector<PlotCurve>& curves = drawn.curves[word];
        curves.push_back(std::move(curve));
        if (from_buckets) ask(run, *one, {&curves, curves.size() - 1, created});
      }
    }
  }

  // Without the index, which then has no buckets of it either.
  static RunFacts read_whole(const IndexedRun& run) {
    RunFacts facts = read_facts(Folder(run.folder));
    if (!facts.problem.empty()) read_run(run.folder);
    for (auto& [series, of] : facts.log.series) of.level = -1;
    return facts;
  }

  bool is_drawn_from_buckets(const Shown& one) const {
    const SeriesFacts& s = one.facts;
    if (options_.exact || by_metric() || s.level < 0) return false;
    if (options_.weight <= 0) return true;
    const double points_a_bucket = static_cast<double>(s.count) / static_cast<double>(std::max<int64_t>(s.buckets, 1));
    return -std::log(2) / std::log(options_.weight) >= kPointsToSmooth * points_a_bucket;
  }

  void ask(const IndexedRun& run, const Shown& one, const Place& place) {
    asked_.push_back(
        {run, {.metric = one.name, .context = one.series.context, .points = kMostBuckets, .weight = options_.weight}});
    places_.push_back(place);
  }

  std::map<const Shown*, std::vector<Point>> read_exact(const IndexedRun& run,
                                                        const std::map<std::string, Shown>& shown,
                                                        const std::vector<const Shown*>& exact,
                                                        std::map<int64_t, double>& by_step) const {
    std::map<const Shown*, std::vector<Point>> all;
    if (exact.empty()) return all;
    std::vector<query::SeriesName> names;
    for (const Shown* one : exact) names.push_back(one->series);
    const auto xs = by_metric() ? find_metrics(shown, options_.x) : std::vector<const Shown*>();
    for (const Shown* one : xs) names.push_back(one->series);
    auto points = read_series(Folder(run.folder), names);
    // Of the metric that x is what was logged last at a step. It may be drawn as well: its points come once.
    for (const Shown* one : xs) {
      const auto first = std::find(names.begin(), names.end(), one->series) - names.begin();
      for (const Point& p : points[static_cast<size_t>(first)]) by_step[p.step] = p.value;
    }
    for (size_t i = 0; i < exact.size(); ++i) {
      const auto first = std::find(names.begin(), names.end(), exact[i]->series) - names.begin();
      all[exact[i]] = points[static_cast<size_t>(first)];
    }
    return all;
  }

  RunIndex& index_;
  const CurveOptions& options_;
  std::vector<Drawn> drawn_;
  std::vector<RunWindow> asked_;
  std::vector<Place> places_;
};

}  // namespace

std::vector<Drawn> read_curves(RunIndex& index, const std::vector<IndexedRun>& runs, const CurveOptions& options) {
  return Reading(index, runs, options).take();
}

}  // namespace stet::tracking::cli
