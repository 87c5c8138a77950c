#include "stet/tracking/cli/print.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <filesystem>

#include "stet/tracking/cli/json_values.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking::cli {
namespace {

Json typed(const RunParameter& p) {
  const auto to_json = [](const auto& value) -> Json {
    using T = std::remove_cvref_t<decltype(value)>;
    if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::string>) return value;
    else return json_of(value);
  };
  return std::visit(to_json, p.typed());
}

Json summary_json(const MetricSummary& m) {
  return {{"last", json_of(m.last)},  {"min", json_of(m.min)},           {"max", json_of(m.max)},
          {"step", json_of(m.step)},  {"min_step", json_of(m.min_step)}, {"max_step", json_of(m.max_step)},
          {"count", json_of(m.count)}};
}

Json media_json(const RunView& run, LoggedMedium::Kind kind) {
  Json media = Json::object();
  for (const auto& [name, logged] : run.log.media) {
    if (logged.empty() || logged.front().kind != kind) continue;
    const LoggedMedium& last = logged.back();
    media[name] = {{"count", logged.size()}, {"step", json_of(last.step)}, {"bytes", json_of(last.bytes)}};
  }
  return media;
}

Json summaries_json(const RunView& run) {
  Json summaries = Json::array();
  for (const RunBest& s : run.summaries)
    summaries.push_back(
        {{"metric", s.metric}, {"best", s.best}, {"value", json_of(s.value)}, {"step", json_of(s.step)}});
  return summaries;
}

Json derived_json(const RunView& run) {
  Json derived = Json::object();
  for (const DerivedMetric& d : run.derived) {
    Json points = Json::array();
    for (const Point& p : d.points) points.push_back({json_of(p.step), json_of(p.value)});
    derived[d.name] = {{"how", d.how}, {"time", json_of(d.time)}, {"points", points}};
  }
  return derived;
}

Json checkpoint_json(const RunCheckpoint& c) {
  return {{"step", json_of(c.step)},
          {"path", c.path.string()},
          {"bytes", json_of(c.bytes)},
          {"metric", c.metric ? json_of(*c.metric) : Json(nullptr)},
          {"best", c.best}};
}

// `metric` gives what stands for one.
template <class F> Json run_json(const RunView& run, const F& metric_json) {
  Json json{{"id", run.id},
            {"name", run.name},
            {"folder", run.folder.string()},
            {"program", run.program},
            {"status", std::string(name_of(run.status))},
            {"group", run.group},
            {"tags", run.tags},
            {"archived", run.archived},
            {"created", json_of(run.created)},
            {"seed", json_of(run.seed)}};
  Json parameters = Json::object();
  for (const RunParameter& p : run.parameters) parameters[p.name] = typed(p);
  json["params"] = parameters;
  Json metrics = Json::object();
  for (const auto& [tag, metric] : run.log.metrics) metrics[tag] = metric_json(metric.summary);
  json["metrics"] = metrics;
  json["steps"] = json_of(run.steps);
  json["digest"] = run.digest();
  return json;
}

}  // namespace

void put_line(std::string_view text, std::FILE* to) { fmt::print(to, "{}\n", printable(text)); }

void put_error(std::string_view text) { put_line("stet: " + std::string(text), stderr); }

std::string message_of(const std::exception& error) {
  const auto* of_files = dynamic_cast<const std::filesystem::filesystem_error*>(&error);
  return of_files ? fmt::format("{}: {}", of_files->path1().string(), of_files->code().message()) : error.what();
}

void put_json(const Json& json) {
  fmt::print("{}\n", printable_json(json.dump(2, ' ', false, Json::error_handler_t::replace)));
}

std::string local_time(double seconds) {
  constexpr double first = -62135596800, last = 253402300800;  // the years 1 to 9999
  std::tm calendar{};
  const auto time = seconds >= first && seconds < last ? static_cast<std::time_t>(seconds) : std::time_t{0};
  if (!(seconds >= first && seconds < last) || !::localtime_r(&time, &calendar)) return "no date";
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", calendar);
}

Json short_json(const RunView& run) {
  return run_json(run, [](const MetricSummary& m) { return json_of(m.last); });
}

Json full_json(const RunView& run) {
  Json json = run_json(run, summary_json);
  const Json whole = json_of(parse_record(run.record_json, run.folder.string()));
  for (const char* field : {"numerics", "launches", "data", "places", "hyperparameters", "parameter_count",
                            "model_summary", "stet_version"}) {
    json[field] = whole.at(field);
  }
  json["description"] = run.description;
  Json notes = Json::array();
  for (const RunNote& n : run.notes)
    notes.push_back({{"time", json_of(n.time)}, {"author", n.author}, {"host", n.host}, {"text", n.text}});
  json["notes"] = notes;
  Json checkpoints = Json::array();
  for (const RunCheckpoint& c : run.checkpoints) checkpoints.push_back(checkpoint_json(c));
  json["checkpoints"] = checkpoints;
  json["images"] = media_json(run, LoggedMedium::Kind::image);
  json["texts"] = media_json(run, LoggedMedium::Kind::text);
  json["histograms"] = media_json(run, LoggedMedium::Kind::histogram);
  json["vectors"] = media_json(run, LoggedMedium::Kind::vector);
  json["summaries"] = summaries_json(run);
  json["derived"] = derived_json(run);
  Json artifacts = Json::array();
  for (const RunArtifact& a : run.artifacts) artifacts.push_back({{"name", a.name}, {"bytes", json_of(a.bytes)}});
  json["artifacts"] = artifacts;
  json["seal"] = {{"state", std::string(name_of(run.seal.state))}, {"altered", run.seal.altered}};
  return json;
}

}  // namespace stet::tracking::cli
