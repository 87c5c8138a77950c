// Curves.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "stet/tracking/reading/curves.h"
#include "stet/tracking/reading/log_collector.h"
#include "stet/tracking/ui/answers.h"

namespace stet::tracking::ui {
namespace {

constexpr size_t kMostRuns = 1000, kMostMetrics = 200;

double x_of(const Point& point, const std::string& x, double start) {
  if (x == "time") return point.time - start;
  return x == "wall" ? point.time : static_cast<double>(point.step);
}

Json context_json(const Metric::Context& context) {
  Json json = Json::object();
  for (const auto& [key, value] : context) json[key] = value;
  return json;
}

Json series_of(const std::string& id, const Metric& metric, const Parameters& p) {
  const auto most = static_cast<size_t>(p.integer("points", 1000, 1, 100'000));
  const std::string& kind = p.text("x");
  const double start = metric.points.empty() ? 0 : metric.points.front().time;
  const double from = p.number("from", -std::numeric_limits<double>::infinity());
  const double to = p.number("to", std::numeric_limits<double>::infinity());
  std::vector<double> x, y;
  int64_t nan = 0, inf = 0;
  for (const Point& point : metric.points) {
    nan += std::isnan(point.value);
    inf += std::isinf(point.value);
    const double at = x_of(point, kind, start);
    if (at < from || at > to) continue;
    x.push_back(at);
    y.push_back(point.value);
  }
  const bool exact = x.size() <= most;
  Json xs = Json::array(), ys = Json::array(), low = Json::array(), high = Json::array();
  const size_t step = exact ? 1 : (x.size() + most - 1) / most;
  for (size_t i = 0; i < x.size(); i += step) {
    double sum = 0, least = y[i], greatest = y[i];
    const size_t end = std::min(x.size(), i + step);
    for (size_t k = i; k < end; ++k) sum += y[k], least = std::min(least, y[k]), greatest = std::max(greatest, y[k]);
    xs.push_back(json_of(x[(i + end - 1) / 2]));
    ys.push_back(json_of(sum / static_cast<double>(end - i)));
    low.push_back(json_of(least));
    high.push_back(json_of(greatest));
  }
  Json json{{"run", id},
            {"metric", metric.name},
            {"context", context_json(metric.context)},
            {"count", metric.summary.count},
            {"exact", exact},
            {"x", xs},
            {"y", ys},
            {"first_step", metric.points.empty() ? 0 : metric.points.front().step},
            {"last_step", metric.points.empty() ? 0 : metric.points.back().step},
            {"nan", nan},
            {"inf", inf}};
  if (!exact) json["low"] = low, json["high"] = high;
  return json;
}

}  // namespace

Json series(Desk& desk, const Parameters& p) {
  const auto ids = p.list("runs", kMostRuns), metrics = p.list("metrics", kMostMetrics);
  std::vector<IndexedRun> runs;
  {
    LiveIndex::Lease lease = desk.index.lease();
    for (const std::string& id : ids) runs.push_back(run_of(*lease, id));
  }
  Json all = Json::array();
  for (const IndexedRun& run : runs) {
    LogCollector collector(run.folder);
    collector.read();
    for (const std::string& word : metrics) {
      for (const Metric* metric : find_metrics(collector.view(), word)) all.push_back(series_of(run.id, *metric, p));
    }
  }
  return {{"series", std::move(all)}};
}

}  // namespace stet::tracking::ui
