// stet series.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>
#include <memory>

#include "stet/tensor/error.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/table.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/reading/curves.h"
#include "stet/tracking/reading/run_view.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking::cli {
namespace {

using query::Value;

struct Options {
  std::string run;
  std::vector<std::string> metrics;
  int points = 0;
  bool csv = false;
};

std::vector<Point> fewer(const std::vector<Point>& points, size_t most) {
  std::vector<double> x, y;
  for (const Point& p : points) x.push_back(static_cast<double>(p.step)), y.push_back(p.value);
  std::vector<Point> kept;
  for (const size_t i : thinned(x, y, most)) kept.push_back(points[i]);
  return kept;
}

Json json_of(const Metric& metric) {
  Json context = Json::object(), steps = Json::array(), times = Json::array(), values = Json::array();
  for (const auto& [key, value] : metric.context) context[key] = value;
  for (const Point& p : metric.points) {
    steps.push_back(tracking::json_of(p.step));
    times.push_back(tracking::json_of(p.time));
    values.push_back(tracking::json_of(p.value));
  }
  return {{"name", metric.name}, {"context", context}, {"count", tracking::json_of(metric.summary.count)},
          {"steps", steps},      {"times", times},     {"values", values}};
}

// A row a point; for programs, times as seconds since 1970.
Table table_of(const std::vector<Metric>& all, bool with_name, bool csv) {
  Table table{{{"STEP", "step", false}, {"TIME", "time", false}, {"VALUE", "value", false}}, {}};
  if (with_name) table.columns.insert(table.columns.begin(), {"METRIC", "metric", false});
  for (const Metric& metric : all) {
    const std::string tag = metric_tag(metric.name, metric.context);
    for (const Point& p : metric.points) {
      table.rows.push_back({Value(p.step), csv ? Value(p.time) : Value(query::Date{p.time}), Value(p.value)});
      if (with_name) table.rows.back().insert(table.rows.back().begin(), Value(tag));
    }
  }
  return table;
}

int answer(const Options& options, const Common& common) {
  if (options.metrics.empty()) throw UsageError("series: name at least one metric; stet show RUN lists them");
  const std::filesystem::path run = Runs(common.runs).folder_of(options.run);
  std::vector<Metric> all = read_metrics(run, options.metrics);
  for (Metric& metric : all) {
    if (options.points > 0) metric.points = fewer(metric.points, static_cast<size_t>(options.points));
  }
  if (common.json) {
    Json json{{"id", read_record(run).id()}, {"series", Json::array()}};
    for (const Metric& metric : all) json["series"].push_back(json_of(metric));
    put_json(json);
  } else if (options.csv) {
    print_csv(table_of(all, true, true));
  } else {
    print_table(table_of(all, all.size() > 1, false), terminal_width());
  }
  return 0;
}

}  // namespace

Verb series() {
  const auto options = std::make_shared<Options>();
  return {"series",
          "Print the points of a run's metrics",
          {{{"stet series baseline train/loss --points 100", "a curve in about a hundred points"},
            {"stet series baseline 'test/*' --csv", "all curves whose names begin so, every point, as CSV"}}},
          [options](Arguments& arguments) {
            arguments.word("RUN", options->run, "which run", Takes::run);
            arguments.words("METRIC", options->metrics,
                            "by name, as loss, with its context, as 'loss[subset=clean]', or a pattern, as 'val/*'",
                            Takes::metric);
            arguments.option(
                "--points", options->points, 1, std::numeric_limits<int>::max(),
                "at most about so many of each: the least and the greatest value of each stretch of steps");
            arguments.flag("--csv", options->csv, "print CSV");
          },
          [options](const Common& common) { return answer(*options, common); }};
}

}  // namespace stet::tracking::cli
