#include "stet/tracking/cli/print.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <ctime>

namespace stet::tracking::cli {
namespace {

// NaN and infinities as strings, which JSON has no numbers for.
Json number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

Json typed(const RunParameter& p) {
  if (p.type == "uint") return p.value;  // as run.json has 64-bit integers
  return std::visit([](const auto& value) { return Json(value); }, p.typed());
}

Json summary_json(const MetricSummary& m) {
  return {
      {"last", number(m.last)}, {"min", number(m.min)}, {"max", number(m.max)}, {"step", m.step}, {"count", m.count}};
}

// `metric` gives what stands for one.
template <class F> Json run_json(const RunView& run, const F& metric_json) {
  Json json{{"id", run.id},
            {"name", run.name},
            {"folder", run.folder.string()},
            {"program", run.program},
            {"status", std::string(name_of(run.status))},
            {"created", run.created},
            {"seed", run.seed}};
  Json parameters = Json::object();
  for (const RunParameter& p : run.parameters) parameters[p.name] = typed(p);
  json["params"] = parameters;
  Json metrics = Json::object();
  for (const auto& [tag, metric] : run.log.metrics) metrics[tag] = metric_json(metric.summary);
  json["metrics"] = metrics;
  json["steps"] = run.steps;
  json["digest"] = run.digest();
  return json;
}

}  // namespace

std::string local_time(double seconds) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(static_cast<std::time_t>(seconds)));
}

Json short_json(const RunView& run) {
  return run_json(run, [](const MetricSummary& m) { return number(m.last); });
}

Json full_json(const RunView& run) {
  Json json = run_json(run, summary_json);
  const Json whole = Json::parse(run.record_json);
  for (const char* field : {"numerics", "launches", "data", "places", "hyperparameters", "parameter_count",
                            "model_summary", "tags", "stet_version"}) {
    json[field] = whole.at(field);
  }
  Json checkpoints = Json::array();
  for (const RunCheckpoint& c : run.checkpoints)
    checkpoints.push_back({{"step", c.step}, {"path", c.path.string()}, {"bytes", c.bytes}});
  json["checkpoints"] = checkpoints;
  json["seal"] = {{"state", std::string(name_of(run.seal.state))}, {"altered", run.seal.altered}};
  return json;
}

}  // namespace stet::tracking::cli
