#include <algorithm>

#include "stet/tracking/reading/run_facts.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

void name_series(query::SeriesName& name, const record::Summary::Value& value) {
  name.name = metric_name(value);
  name.context.clear();
  for (const auto& c : value.context()) name.context.emplace_back(c.name(), c.value());
  std::sort(name.context.begin(), name.context.end());
}

void add(LogFacts& facts, const record::Event& event, query::SeriesName& name) {
  facts.time = event.wall_time();
  for (const auto& value : event.summary().value()) {
    if (!value.has_double_value()) continue;
    name_series(name, value);
    facts.series[name].add({event.step(), value.double_value()});
  }
  if (event.has_state_digest()) facts.digest = hex_of(event.state_digest().root());
  if (event.has_state_digest() || event.has_loss_digest()) facts.steps = std::max<int64_t>(facts.steps, event.step());
}

}  // namespace

void read_on(LogFacts& facts, const Folder& run) {
  EventReader reader(run);
  if (!reader.go_on(facts.position)) facts = {};
  query::SeriesName name;
  for (record::Event event; reader.next(event); facts.position = reader.position()) add(facts, event, name);
}

query::Curve read_curve(const Folder& run, const query::SeriesName& series) {
  query::Curve curve;
  EventReader reader(run);
  query::SeriesName name;
  for (record::Event event; reader.next(event);) {
    for (const auto& value : event.summary().value()) {
      if (!value.has_double_value() || metric_name(value) != series.name) continue;
      name_series(name, value);
      if (name == series) curve.push_back({event.step(), value.double_value()});
    }
  }
  return curve;
}

}  // namespace stet::tracking
