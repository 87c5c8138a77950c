#include "stet/tracking/reading/run_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <tuple>

#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/parse.h"

namespace stet::tracking {
namespace {

std::string hex_of(const std::string& bytes) {
  std::string text;
  for (const unsigned char c : bytes) text += fmt::format("{:02x}", c);
  return text;
}

Json typed(const record::Param& p) {
  if (p.type() == "bool") return parse_bool(p.value()).value_or(false);
  if (p.type() == "int") {
    if (const auto v = parse_int64(p.value())) return *v;
  }
  if (p.type() == "float" || p.type() == "double") {
    if (const auto v = parse_double(p.value())) return *v;
  }
  return p.value();
}

Json summary_json(const MetricSummary& m) {
  return {
      {"last", number(m.last)}, {"min", number(m.min)}, {"max", number(m.max)}, {"step", m.step}, {"count", m.count}};
}

}  // namespace

Json number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

bool same(const MetricSummary& a, const MetricSummary& b) {
  const auto bits = [](const MetricSummary& m) {
    return std::tuple(std::bit_cast<uint64_t>(m.last), std::bit_cast<uint64_t>(m.min), std::bit_cast<uint64_t>(m.max),
                      m.step, m.count);
  };
  return bits(a) == bits(b);
}

std::vector<std::string> other_metrics(const LogView& a, const LogView& b) {
  std::vector<std::string> names;
  for (const auto& [name, m] : a.metrics) {
    const auto it = b.metrics.find(name);
    if (it == b.metrics.end() || !same(m, it->second)) names.push_back(name);
  }
  for (const auto& [name, m] : b.metrics) {
    if (!a.metrics.contains(name)) names.push_back(name);
  }
  return names;
}

void LogCollector::read() {
  for (record::Event event; reader_.next(event);) add(event);
}

void LogCollector::add(const record::Event& event) {
  for (const auto& value : event.summary().value()) {
    if (!value.has_double_value()) continue;
    const double v = value.double_value();
    MetricSummary& m = view_.metrics[value.tag()];
    m.min = m.count == 0 ? v : std::fmin(m.min, v);
    m.max = m.count == 0 ? v : std::fmax(m.max, v);
    m.last = v;
    m.step = event.step();
    ++m.count;
  }
  if (event.has_loss_digest()) {
    view_.losses[event.tick()] = {{event.loss_digest().bits().begin(), event.loss_digest().bits().end()}, event.step()};
  }
  if (event.has_state_digest()) {
    const auto& d = event.state_digest();
    if (d.name_size() > 0) names_.assign(d.name().begin(), d.name().end());
    view_.states[event.tick()] = {hex_of(d.root()), names_, {d.leaf().begin(), d.leaf().end()}, event.step()};
  }
  if (event.has_session_log() && event.session_log().status() == record::SessionLog::CHECKPOINT)
    view_.checkpoint_ticks.insert(event.tick());
  if (event.has_loss_digest() || event.has_state_digest()) {
    view_.steps = std::max<int64_t>(view_.steps, event.step());
    view_.last_tick = std::max<uint64_t>(view_.last_tick, event.tick());
  }
}

RunView::RunView(const Path& run)
    : folder(std::filesystem::absolute(run).lexically_normal()),
      record(read_record(run)),
      status(status_of(run, record)) {
  LogCollector collector(run);
  collector.read();
  log = collector.view();
}

int64_t RunView::steps() const {
  return status == RunStatus::finished ? record.steps() : std::max<int64_t>(log.steps, 0);
}

std::string RunView::digest() const {
  if (!record.final_digest().empty()) return record.final_digest();
  return log.states.empty() ? "" : log.states.rbegin()->second.root;
}

Json RunView::to_json(bool full) const {
  Json json{{"id", record.id()},
            {"name", record.name()},
            {"folder", folder.string()},
            {"program", record.program()},
            {"status", std::string(name_of(status))},
            {"created", record.created()},
            {"seed", record.seed()}};
  Json params = Json::object();
  for (const auto& p : record.params()) params[p.name()] = typed(p);
  json["params"] = params;
  Json metrics = Json::object();
  for (const auto& [name, m] : log.metrics) metrics[name] = full ? summary_json(m) : number(m.last);
  json["metrics"] = metrics;
  json["steps"] = steps();
  json["digest"] = digest();
  if (!full) return json;
  const Json whole = Json::parse(tracking::to_json(record));
  for (const char* field : {"numerics", "launches", "data", "places", "hyperparameters", "parameter_count",
                            "model_summary", "tags", "stet_version"}) {
    json[field] = whole.at(field);
  }
  Json checkpoints = Json::array();
  for (const CheckpointFile& c : list_checkpoints(folder)) {
    std::error_code none;
    checkpoints.push_back(
        {{"step", c.step}, {"path", c.path.string()}, {"bytes", std::filesystem::file_size(c.path, none)}});
  }
  json["checkpoints"] = checkpoints;
  return json;
}

}  // namespace stet::tracking
