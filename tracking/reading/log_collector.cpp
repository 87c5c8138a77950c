#include "stet/tracking/reading/log_collector.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stet/tracking/record/event.pb.h"

namespace stet::tracking {
namespace {

std::string hex_of(const std::string& bytes) {
  std::string text;
  for (const unsigned char c : bytes) text += fmt::format("{:02x}", c);
  return text;
}

void add(Metric& metric, const Point& point) {
  MetricSummary& m = metric.summary;
  m.min = m.count == 0 ? point.value : std::fmin(m.min, point.value);
  m.max = m.count == 0 ? point.value : std::fmax(m.max, point.value);
  m.last = point.value;
  m.step = point.step;
  ++m.count;
  metric.points.push_back(point);
}

Metric::Context context_of(const record::Summary::Value& value) {
  Metric::Context context;
  for (const auto& c : value.context()) context.emplace_back(c.name(), c.value());
  return context;
}

}  // namespace

const Metric* find_metric(const LogView& log, const std::string& name, const Metric::Context& context) {
  for (const auto& [tag, metric] : log.metrics) {
    if (metric.name == name && metric.context == context) return &metric;
  }
  return nullptr;
}

void LogCollector::read() {
  for (record::Event event; reader_.next(event);) add(event);
}

void LogCollector::add(const record::Event& event) {
  add_metrics(event);
  add_digests(event);
  if (event.has_session_log() && event.session_log().status() == record::SessionLog::CHECKPOINT)
    view_.checkpoints[event.tick()] = {event.step(), best_metric_value_};
}

void LogCollector::add_metrics(const record::Event& event) {
  for (const auto& value : event.summary().value()) {
    if (!value.has_double_value()) continue;
    Metric& metric = view_.metrics[value.tag()];
    if (metric.points.empty()) {
      metric.name = value.metric();
      metric.context = context_of(value);
    }
    tracking::add(metric, {event.step(), event.wall_time(), value.double_value()});
    if (value.metric() == best_metric_ && value.context().empty()) best_metric_value_ = value.double_value();
  }
}

void LogCollector::add_digests(const record::Event& event) {
  if (event.has_loss_digest()) {
    view_.losses[event.tick()] = {{event.loss_digest().bits().begin(), event.loss_digest().bits().end()}, event.step()};
  } else if (event.has_state_digest()) {
    const auto& d = event.state_digest();
    if (d.name_size() > 0) names_.assign(d.name().begin(), d.name().end());
    view_.states[event.tick()] = {hex_of(d.root()), names_, {d.leaf().begin(), d.leaf().end()}, event.step()};
  } else {
    return;
  }
  view_.steps = std::max<int64_t>(view_.steps, event.step());
  view_.last_tick = std::max<uint64_t>(view_.last_tick, event.tick());
}

}  // namespace stet::tracking
