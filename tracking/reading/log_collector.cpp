#include "stet/tracking/reading/log_collector.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "stet/tensor/sha256.h"
#include "stet/tracking/reading/logged_value.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

void add(Metric& metric, const Point& point) {
  MetricSummary& m = metric.summary;
  const auto is_new = [&](bool beyond, double before) {
    return m.count == 0 || beyond || (std::isnan(before) && !std::isnan(point.value));
  };
  if (is_new(point.value < m.min, m.min)) std::tie(m.min, m.min_step) = std::tie(point.value, point.step);
  if (is_new(point.value > m.max, m.max)) std::tie(m.max, m.max_step) = std::tie(point.value, point.step);
  m.last = point.value;
  m.step = point.step;
  ++m.count;
  metric.points.push_back(point);
}

}  // namespace

const Metric* find_metric(const LogView& log, const std::string& name, const Metric::Context& context) {
  const auto it = log.metrics.find(metric_tag(name, context));
  return it == log.metrics.end() ? nullptr : &it->second;
}

void LogCollector::read() {
  for (record::Event event; reader_.next(event);) add(event);
}

void LogCollector::add(const record::Event& event) {
  committed_.add(event);
  view_.committed = committed_.count();
  add_values(event);
  add_digests(event);
  if (event.has_session_log()) add_mark(event);
}

void LogCollector::add_mark(const record::Event& event) {
  const auto& mark = event.session_log();
  view_.stop.reset();  // something follows it
  if (mark.status() == record::SessionLog::CHECKPOINT)
    view_.checkpoints[event.tick()] = {event.step(), best_metric_value_};
  if (mark.status() == record::SessionLog::STOP) view_.stop = {mark.msg(), event.step(), event.tick()};
}

void LogCollector::add_values(const record::Event& event) {
  for (const auto& value : event.summary().value()) {
    if (value.has_double_value()) add_metric(event, value);
    else if (value.has_tensor()) add_medium(event, value);
  }
}

void LogCollector::add_metric(const record::Event& event, const record::Summary::Value& value) {
  Metric& metric = view_.metrics[tag_of(value)];
  if (metric.points.empty()) {
    query::SeriesName series = series_name(value);
    metric.name = std::move(series.name);
    metric.context = std::move(series.context);
  }
  tracking::add(metric, {event.step(), event.wall_time(), value.double_value(), event.tick(), varies(value)});
  if (metric_name(value) == best_metric_ && value.context().empty()) best_metric_value_ = value.double_value();
}

void LogCollector::add_medium(const record::Event& event, const record::Summary::Value& value) {
  LoggedMedium medium{.kind = kind_of(value),
                      .sha256 = {},
                      .bytes = bytes_of(value),
                      .step = event.step(),
                      .tick = event.tick(),
                      .numbers = numbers_of(value)};
  Sha256 hash;
  if (!value.tensor().tensor_content().empty()) hash.update(value.tensor().tensor_content());
  for (const std::string& part : value.tensor().string_val()) hash.update(fmt::format("{}:", part.size())).update(part);
  medium.sha256 = to_hex(hash.digest());
  view_.media[tag_of(value)].push_back(std::move(medium));
}

// A resume may log the state's digest of its boundary once more: the same one.
template <class Logged> void LogCollector::put(std::map<uint64_t, Logged>& all, uint64_t tick, const Logged& logged) {
  const auto [it, is_new] = all.insert({tick, logged});
  if (!is_new && it->second != logged) view_.ambiguous = logged.step;
}

void LogCollector::add_digests(const record::Event& event) {
  if (event.has_loss_digest()) {
    put(view_.losses, event.tick(),
        {{event.loss_digest().bits().begin(), event.loss_digest().bits().end()}, event.step()});
  } else if (event.has_state_digest()) {
    const auto& d = event.state_digest();
    if (d.name_size() > 0) names_ = SharedNames({d.name().begin(), d.name().end()});
    put(view_.states, event.tick(),
        {hex_of(d.root()), names_, {d.leaf().begin(), d.leaf().end()}, hex_of(d.run()), event.step()});
  } else {
    return;
  }
  view_.steps = std::max<int64_t>(view_.steps, event.step());
  view_.last_tick = std::max<uint64_t>(view_.last_tick, event.tick());
}

}  // namespace stet::tracking
