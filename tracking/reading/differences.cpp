#include "stet/tracking/reading/differences.h"

#include <fmt/format.h>

#include "stet/tracking/record/events.h"

namespace stet::tracking {
namespace {

Table parameters_of(const RunView& run) {
  Table t{{"seed", std::to_string(run.seed)}, {"program", run.program}, {"numerics", std::to_string(run.numerics)}};
  for (const RunParameter& p : run.parameters) t[p.name] = p.value;
  for (const RunHyperparameter& h : run.hyperparameters) {
    if (!h.execution) t[h.path] = h.value;
  }
  return t;
}

Table data_of(const RunView& run) {
  Table t;
  for (const RunData& d : run.data) {
    t[d.name] = d.samples_sha256;
    if (!d.split.empty()) t[d.name + " split"] = d.split + " " + d.split_sha256;
  }
  return t;
}

Table metrics_of(const RunView& run) {
  Table t;
  for (const auto& [tag, metric] : run.log.metrics) {
    if (is_system_metric(tag)) continue;
    const MetricSummary& m = metric.summary;
    t[tag] = fmt::format("{} (min {}, max {}, {} values)", m.last, m.min, m.max, m.count);
  }
  t["steps"] = std::to_string(run.steps);
  t["digest"] = run.digest();
  return t;
}

Table environment_of(const RunView& run) { return run.launches.empty() ? Table() : surroundings(run.launches.back()); }

}  // namespace

Differences differences(const Table& a, const Table& b) {
  Differences d;
  for (const auto& [name, value] : a) {
    const auto it = b.find(name);
    const std::string other = it == b.end() ? "" : it->second;
    if (value != other) d[name] = {value, other};
  }
  for (const auto& [name, value] : b) {
    if (!a.contains(name) && !value.empty()) d[name] = {"", value};
  }
  return d;
}

Table surroundings(const RunLaunch& l) {
  Table t{{"executable", l.program.sha256},
          {"compiler", l.build.compiler},
          {"flags", l.build.flags},
          {"host", l.machine.host},
          {"os", l.machine.os},
          {"kernel", l.machine.kernel},
          {"cpu", l.machine.cpu},
          {"gpu", l.machine.gpu},
          {"driver", l.machine.driver},
          {"isa", l.isa},
          {"threads", std::to_string(l.threads)},
          {"device", l.device},
          {"commit", l.source.commit},
          {"uncommitted changes", !l.source.unknown.empty() ? "unknown"
                                  : l.source.dirty          ? "yes"
                                                            : "no"}};
  for (const auto& [name, version] : l.build.libraries) t["library " + name] = version;
  return t;
}

RunDifferences diff(const RunView& a, const RunView& b) {
  return {.parameters = differences(parameters_of(a), parameters_of(b)),
          .data = differences(data_of(a), data_of(b)),
          .environment = differences(environment_of(a), environment_of(b)),
          .metrics = differences(metrics_of(a), metrics_of(b)),
          .same_bits = a.steps == b.steps && !a.digest().empty() && a.digest() == b.digest()};
}

}  // namespace stet::tracking
