#include "stet/tracking/json/runs.h"

#include <type_traits>

#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {
namespace {

struct ToJson {
  template <class T> Json operator()(const T& value) const {
    if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::string>) return value;
    else return json_of(value);
  }
  Json operator()(const std::vector<ParameterScalar>& elements) const {
    Json array = Json::array();
    for (const ParameterScalar& element : elements) array.push_back(std::visit(*this, element));
    return array;
  }
};

Json typed(const RunParameter& p) { return std::visit(ToJson(), p.typed()); }

Json summary_json(const MetricSummary& m) {
  return {{"last", json_of(m.last)},  {"min", json_of(m.min)},           {"max", json_of(m.max)},
          {"step", json_of(m.step)},  {"min_step", json_of(m.min_step)}, {"max_step", json_of(m.max_step)},
          {"count", json_of(m.count)}};
}

Json media_json(const RunOverview& run, LoggedMedium::Kind kind) {
  Json media = Json::object();
  for (const auto& [name, logged] : run.outline.media) {
    if (logged.kind != kind) continue;
    media[name] = {{"count", logged.count}, {"step", json_of(logged.step)}, {"bytes", json_of(logged.bytes)}};
  }
  return media;
}

Json summaries_json(const RunOverview& run) {
  Json summaries = Json::array();
  for (const RunBest& s : run.summaries)
    summaries.push_back(
        {{"metric", s.metric}, {"best", s.best}, {"value", json_of(s.value)}, {"step", json_of(s.step)}});
  return summaries;
}

Json derived_json(const RunOverview& run) {
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

Json basic_json(const RunOverview& run) {
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
  for (const auto& [tag, metric] : run.outline.metrics) metrics[tag] = summary_json(metric.summary);
  json["metrics"] = metrics;
  json["steps"] = json_of(run.steps);
  json["digest"] = run.digest();
  return json;
}

const char* name_of(Divergence::Verdict verdict) {
  switch (verdict) {
    case Divergence::Verdict::same: return "same";
    case Divergence::Verdict::longer: return "longer";
    case Divergence::Verdict::parted: return "parted";
    case Divergence::Verdict::not_compared: return "not compared";
  }
  return "";
}

Json loss_json(const LossDistance& d) {
  return {{"step", json_of(d.step)},
          {"first", json_of(d.first)},
          {"second", json_of(d.second)},
          {"same", d.same_bits},
          {"ulps", json_of(d.ulps)}};
}

Json checkpoint_json(const CheckpointDistance& c) {
  Json tensors = Json::array();
  for (const TensorDistance& t : c.tensors)
    tensors.push_back({{"name", t.name},
                       {"elements", json_of(t.elements)},
                       {"differing", json_of(t.differing)},
                       {"most", json_of(t.most)},
                       {"unlike", t.unlike}});
  return {{"step", json_of(c.step)}, {"tensors", tensors}, {"scalars", c.scalars}};
}

}  // namespace

Json run_json(const RunOverview& run) {
  Json json = basic_json(run);
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
  json["seal"] = {
      {"state", std::string(name_of(run.seal.state))}, {"altered", run.seal.altered}, {"removed", run.seal.removed}};
  return json;
}

Json divergence_json(const RunView& a, const RunView& b, const Divergence& found) {
  Json losses = Json::array();
  for (const LossDistance& d : found.around) losses.push_back(loss_json(d));
  return {{"first", a.id},
          {"second", b.id},
          {"verdict", name_of(found.verdict)},
          {"result", line_of(found)},
          {"unlike", found.unlike},
          {"rebuilt", found.rebuilt},
          {"steps", {json_of(found.steps_first), json_of(found.steps_second)}},
          {"losses", json_of(found.losses)},
          {"states", json_of(found.states)},
          {"same_until", json_of(found.same_until)},
          {"loss_step", json_of(found.loss_step)},
          {"state_step", json_of(found.state_step)},
          {"state_same_until", json_of(found.state_same_until)},
          {"tensors", found.tensors},
          {"around", losses},
          {"checkpoint", found.checkpoint ? checkpoint_json(*found.checkpoint) : Json(nullptr)}};
}

}  // namespace stet::tracking
