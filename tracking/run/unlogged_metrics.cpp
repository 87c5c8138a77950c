#include "stet/tracking/run/unlogged_metrics.h"

#include <fmt/format.h>

#include <set>

#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/record/nearest.h"

namespace stet::tracking {

std::vector<std::string> unlogged_metrics(const Folder& run, const std::vector<AskedMetric>& asked) {
  if (asked.empty()) return {};
  std::set<std::string> names;
  EventReader reader(run);
  for (record::Event event; reader.next(event);) {
    for (const auto& value : event.summary().value()) {
      if (value.has_double_value() && !is_system_metric(metric_name(value))) names.insert(metric_name(value));
    }
  }
  std::vector<std::string> all;
  for (const auto& [call, name] : asked) {
    if (names.contains(name)) continue;  // it was nan, or has another context
    const std::string near = nearest(name, {names.begin(), names.end()});
    all.push_back(fmt::format("{}: no metric '{}' was logged{}", call, name,
                              near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
  }
  return all;
}

}  // namespace stet::tracking
