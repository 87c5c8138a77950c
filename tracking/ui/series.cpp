// Curves, through the index's windows of series.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "stet/tensor/pattern.h"
#include "stet/tracking/reading/series_window.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/ui/answers.h"

namespace stet::tracking::ui {
namespace {

constexpr size_t kMostCharted = 1000, kMostMetrics = 200, kMostSeries = 4000;
constexpr int64_t kMostPoints = 100'000;
constexpr double kEndless = std::numeric_limits<double>::infinity();

// What the x axis counts.
struct Along {
  enum class Kind : uint8_t { step, time, wall, metric };
  Kind kind = Kind::step;
  std::string metric;
};

Along along_of(const Parameters& p) {
  const std::string& x = p.text("x");
  if (x.empty() || x == "step") return {};
  if (x == "time") return {Along::Kind::time, {}};
  if (x == "wall") return {Along::Kind::wall, {}};
  if (x == "epoch") return {Along::Kind::metric, "epoch"};
  if (x.starts_with("metric:")) return {Along::Kind::metric, x.substr(7)};
  throw Refusal(400, "x is step, time, wall, epoch or metric:NAME");
}

// The series of a run that a word means: the one that is shown so, else all of that name, else those that match it as a
// pattern.
std::vector<query::SeriesName> meant_by(const RunFacts& facts, const std::string& word) {
  std::vector<query::SeriesName> named, matching;
  for (const auto& [name, summary] : facts.log.series) {
    const std::string tag = metric_tag(name.name, name.context);
    if (tag == word) return {name};
    if (name.name == word) named.push_back(name);
    if (matches(word, name.name) || matches(word, tag)) matching.push_back(name);
  }
  return named.empty() ? matching : named;
}

// A curve that is asked for, and what is needed to say it.
struct Curve {
  IndexedRun run;
  query::SeriesName name;
  double made = 0;
  SeriesWindow window, along;  // the series, and that of its x where it is another metric's
};

WindowRequest request_of(const Curve& curve, const Along& along, const Parameters& p) {
  WindowRequest request;
  request.metric = curve.name.name;
  request.context = curve.name.context;
  request.points = static_cast<size_t>(p.integer("points", 1000, 1, kMostPoints));
  request.half_life = std::max(0.0, p.number("smooth", 0));
  const double from = p.number("from", -kEndless), to = p.number("to", kEndless);
  if (along.kind == Along::Kind::step) {
    if (from > -9e18) request.from = static_cast<int64_t>(std::ceil(std::min(from, 9e18)));
    if (to < 9e18) request.to = static_cast<int64_t>(std::floor(std::max(to, -9e18)));
  } else if (along.kind != Along::Kind::metric) {
    const double start = along.kind == Along::Kind::time ? curve.made : 0;
    request.begin = start + from;
    request.end = start + to;
  }
  return request;
}

double middle(double a, double b) { return a + (b - a) / 2; }

double x_of(const SeriesBucket& b, const Along& along, double made) {
  if (along.kind == Along::Kind::step)
    return middle(static_cast<double>(b.first_step), static_cast<double>(b.last_step));
  return middle(b.first_time, b.last_time) - (along.kind == Along::Kind::time ? made : 0);
}

int64_t slot_of(const SeriesBucket& b, int64_t width) {
  return b.first_step >= 0 ? b.first_step / width : -((-b.first_step + width - 1) / width);
}

// Adds what a curve's buckets hold, point by point.
class CurveJson {
 public:
  explicit CurveJson(bool exact) : exact_(exact) {}

  void add(double x, const SeriesBucket& b, const double* smooth) {
    const auto place = static_cast<int64_t>(xs_.size());
    xs_.push_back(json_of(x));
    ys_.push_back(json_of(exact_ ? b.first : b.mean()));
    if (!exact_)
      low_.push_back(b.finite() > 0 ? json_of(b.min) : Json(nullptr)),
          high_.push_back(b.finite() > 0 ? json_of(b.max) : Json(nullptr));
    if (smooth) smooth_.push_back(json_of(*smooth));
    if (b.nan > 0) nan_.push_back(place);
    if (b.above > 0) above_.push_back(place);
    if (b.below > 0) below_.push_back(place);
  }
  void move_to(Json& json) {
    json["x"] = std::move(xs_);
    json["y"] = std::move(ys_);
    if (!exact_) json["low"] = std::move(low_), json["high"] = std::move(high_);
    if (!smooth_.empty()) json["smooth"] = std::move(smooth_);
    if (!nan_.empty()) json["nan_at"] = std::move(nan_);
    if (!above_.empty()) json["above_at"] = std::move(above_);
    if (!below_.empty()) json["below_at"] = std::move(below_);
  }

 private:
  bool exact_;
  Json xs_ = Json::array(), ys_ = Json::array(), low_ = Json::array(), high_ = Json::array(), smooth_ = Json::array();
  Json nan_ = Json::array(), above_ = Json::array(), below_ = Json::array();
};

Json curve_json(const Curve& curve, const Along& along, const Parameters& p) {
  const SeriesWindow& window = curve.window;
  Json context = Json::object();
  for (const auto& [key, value] : curve.name.context) context[key] = value;
  Json json{{"run", curve.run.id},
            {"metric", curve.name.name},
            {"context", std::move(context)},
            {"count", window.count},
            {"exact", window.exact()},
            {"first_step", json_of(window.first_step)},
            {"last_step", json_of(window.last_step)},
            {"nan", window.nan},
            {"inf", window.inf}};
  if (!window.problem.empty()) json["problem"] = window.problem;
  CurveJson points(window.exact());
  const auto smooth = [&](size_t i) { return i < window.smooth.size() ? &window.smooth[i] : nullptr; };
  if (along.kind != Along::Kind::metric) {
    for (size_t i = 0; i < window.buckets.size(); ++i)
      points.add(x_of(window.buckets[i], along, curve.made), window.buckets[i], smooth(i));
  } else {
    const int64_t width = std::max<int64_t>(1, window.width);
    std::map<int64_t, double> x;
    for (const SeriesBucket& b : curve.along.buckets) {
      if (b.finite() > 0) x[slot_of(b, width)] = b.mean();
    }
    const double from = p.number("from", -kEndless), to = p.number("to", kEndless);
    bool sampled = !window.exact();
    for (size_t i = 0; i < window.buckets.size(); ++i) {
      const auto found = x.find(slot_of(window.buckets[i], width));
      if (found == x.end()) sampled = true;
      else if (found->second >= from && found->second <= to) points.add(found->second, window.buckets[i], smooth(i));
    }
    json["sampled"] = sampled;
  }
  points.move_to(json);
  return json;
}

void read_windows(LiveIndex::Lease& lease, std::vector<Curve>& curves, const Along& along, const Parameters& p) {
  std::vector<RunWindow> asked;
  for (const Curve& curve : curves) asked.push_back({curve.run, request_of(curve, along, p)});
  std::vector<SeriesWindow> found = lease->windows(asked);
  for (size_t i = 0; i < curves.size(); ++i) curves[i].window = std::move(found[i]);
  if (along.kind != Along::Kind::metric) return;
  for (size_t i = 0; i < curves.size(); ++i) {
    asked[i].request.metric = along.metric;
    asked[i].request.context = {};
    asked[i].request.half_life = 0;
    asked[i].request.width = std::max<int64_t>(1, curves[i].window.width);
  }
  found = lease->windows(asked);
  for (size_t i = 0; i < curves.size(); ++i) curves[i].along = std::move(found[i]);
}

}  // namespace

Json series(Desk& desk, const Parameters& p) {
  const Along along = along_of(p);
  const auto ids = p.names("runs", kMostCharted), metrics = p.names("metrics", kMostMetrics);
  LiveIndex::Lease lease = desk.index.lease();
  std::vector<Curve> curves;
  for (const std::string& id : ids) {
    const IndexedRun run = run_of(*lease, id);
    const RunFacts facts = lease->facts(run);
    const auto* made = facts.field("made").get_if<query::Date>();
    for (const std::string& word : metrics) {
      for (const query::SeriesName& name : meant_by(facts, word))
        curves.push_back({run, name, made ? made->seconds : 0, {}, {}});
    }
  }
  if (curves.size() > kMostSeries)
    throw Refusal(400, fmt::format("these are {} curves, and {} are shown at once", curves.size(), kMostSeries));
  read_windows(lease, curves, along, p);
  Json all = Json::array();
  for (const Curve& curve : curves) all.push_back(curve_json(curve, along, p));
  return {{"series", std::move(all)}};
}

}  // namespace stet::tracking::ui
