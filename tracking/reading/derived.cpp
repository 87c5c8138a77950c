#include "stet/tracking/reading/derived.h"

#include <algorithm>
#include <map>

#include "stet/tensor/error.h"
#include "stet/tracking/reading/log_collector.h"
#include "stet/tracking/record/acts.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

DerivedMetric derived_of(const record::Act& act) {
  const record::Derived& d = act.derived();
  DerivedMetric metric{d.metric(), d.how(), act.time(), act.author(), {}};
  for (int i = 0; i < std::min(d.step_size(), d.value_size()); ++i)
    metric.points.push_back({.step = d.step(i), .time = act.time(), .value = d.value(i)});
  return metric;
}

void require_new(const Path& run, const std::string& name) {
  LogCollector collector(run);
  collector.read();
  for (const auto& [tag, metric] : collector.view().metrics) {
    if (tag == name) raise("derive: the run logged a metric '{}'; give the derived one another name", name);
  }
}

}  // namespace

std::vector<DerivedMetric> read_derived(const Path& run) {
  std::map<std::string, DerivedMetric> newest;
  for (const record::Act& act : read_acts(Folder(run)).acts) {
    if (act.has_derived()) newest[act.derived().metric()] = derived_of(act);
  }
  std::vector<DerivedMetric> found;
  for (auto& [name, metric] : newest) found.push_back(std::move(metric));
  return found;
}

void derive_metric(const Path& run, const std::string& name, const std::string& how, const std::vector<Point>& points) {
  require_utf8("derive", "the name", name);
  require_utf8("derive", "how it was computed", how);
  if (name.empty() || how.empty()) raise("derive: say the metric's name, and how it was computed");
  const Folder folder(run);
  read_record(folder);
  require_new(run, name);
  record::Act act;
  record::Derived& derived = *act.mutable_derived();
  derived.set_metric(name);
  derived.set_how(how);
  for (const Point& point : points) {
    derived.add_step(point.step);
    derived.add_value(point.value);
  }
  write_act(file_system(), folder, std::move(act));
}

}  // namespace stet::tracking
