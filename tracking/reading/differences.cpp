#include "stet/tracking/reading/differences.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "stet/tensor/error.h"
#include "stet/tensor/sha256.h"
#include "stet/tracking/reading/log_facts.h"
#include "stet/tracking/reading/recorded_file.h"
#include "stet/tracking/record/events.h"

namespace stet::tracking {
namespace {

constexpr int64_t kLargestPatch = int64_t{64} << 20;  // more than a run keeps

Table run_of(const RunOverview& run) {
  return {{"program", run.program},
          {"seed", std::to_string(run.seed)},
          {"numerics", std::to_string(run.numerics)},
          {"steps", std::to_string(run.steps)},
          {"digest", run.digest()}};
}

Table parameters_of(const RunOverview& run) {
  Table t;
  for (const RunParameter& p : run.parameters) t[p.name] = p.value;
  return t;
}

Table hyperparameters_of(const RunOverview& run) {
  Table t;
  for (const RunHyperparameter& h : run.hyperparameters) {
    if (!h.execution) t[h.path] = h.value;
  }
  return t;
}

Table data_of(const RunOverview& run) {
  Table t;
  for (const RunData& d : run.data) {
    t[d.name] = d.samples_sha256;
    if (!d.split.empty()) t[d.name + " split"] = d.split + " " + d.split_sha256;
  }
  return t;
}

Table metrics_of(const RunOverview& run, bool whole) {
  Table t;
  for (const auto& [tag, metric] : run.outline.metrics) {
    if (is_system_metric(tag)) continue;
    const MetricSummary& m = metric.summary;
    t[tag] = whole ? fmt::format("{} (min {}, max {}, {} values)", m.last, m.min, m.max, m.count)
                   : fmt::format("{}", m.last);
  }
  return t;
}

query::SeriesName series_of(const MetricOutline& metric) {
  query::SeriesName name{metric.name, metric.context};
  std::sort(name.context.begin(), name.context.end());
  return name;
}

std::string at_step(const Point& point) { return fmt::format("{} at step {}", point.value, point.step); }

// Adds metrics that add up to the same and have other values between.
void add_curves(Differences& metrics, const RunOverview& a, const RunOverview& b) {
  std::vector<std::string> tags;
  std::vector<query::SeriesName> series;
  for (const auto& [tag, metric] : a.outline.metrics) {
    if (is_system_metric(tag) || metrics.contains(tag) || !b.outline.metrics.contains(tag)) continue;
    if (metric.summary.count < 3) continue;  // nothing lies between
    tags.push_back(tag);
    series.push_back(series_of(metric));
  }
  if (series.empty()) return;
  const auto first = read_series(Folder(a.folder), series), second = read_series(Folder(b.folder), series);
  const auto same = [](const Point& x, const Point& y) {
    return x.varies || y.varies ||
           (x.step == y.step && std::bit_cast<uint64_t>(x.value) == std::bit_cast<uint64_t>(y.value));
  };
  for (size_t i = 0; i < series.size(); ++i) {
    const size_t points = std::min(first[i].size(), second[i].size());
    const auto end = first[i].begin() + static_cast<std::ptrdiff_t>(points);
    const auto [x, y] = std::mismatch(first[i].begin(), end, second[i].begin(), same);
    if (x != end) metrics[tags[i]] = {at_step(*x), at_step(*y)};
  }
}

std::string patch_of(const RunOverview& run) {
  const std::string& path = run.launches.back().source.patch;
  const auto patch = find_recorded(Folder(run.folder), path);
  if (!patch) raise<DataError>("{}: there is no such file", (run.folder / path).string());
  return read_file(*patch, kLargestPatch);
}

// A file of a patch: how many lines come and go, and which, by the beginning of a hash.
std::string changes_of(std::string_view patch) {
  int come = 0, go = 0;
  for (size_t at = 0; at < patch.size();) {
    const std::string_view line = patch.substr(at, patch.find('\n', at) - at);
    come += line.starts_with('+') && !line.starts_with("+++ ");
    go += line.starts_with('-') && !line.starts_with("--- ");
    at += line.size() + 1;
  }
  return fmt::format("+{} -{} {}", come, go, sha256_hex(patch).substr(0, 8));
}

Table source_of(const RunOverview& run) {
  Table t;
  if (run.launches.empty() || run.launches.back().source.patch.empty()) return t;
  std::string patch;
  try {
    patch = patch_of(run);
  } catch (const Error&) { return {{"patch", "can't be read"}}; }
  constexpr std::string_view begin = "diff --git a/";
  for (size_t at = patch.find(begin); at != patch.npos;) {
    const size_t next = patch.find("\ndiff --git a/", at);
    const std::string_view part = std::string_view(patch).substr(at, next == patch.npos ? next : next + 1 - at);
    const std::string_view names = part.substr(begin.size(), part.find('\n') - begin.size());
    t[std::string(names.substr(0, names.find(" b/")))] = changes_of(part);
    at = next == patch.npos ? next : next + 1;
  }
  return t;
}

Table environment_of(const RunOverview& run) {
  return run.launches.empty() ? Table() : surroundings(run.launches.back());
}

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

RunTables tables_of(const RunOverview& run) {
  return {.run = run_of(run),
          .parameters = parameters_of(run),
          .hyperparameters = hyperparameters_of(run),
          .data = data_of(run),
          .source = source_of(run),
          .environment = environment_of(run),
          .metrics = metrics_of(run, false)};
}

RunDifferences diff(const RunOverview& a, const RunOverview& b) {
  RunDifferences found{.run = differences(run_of(a), run_of(b)),
                       .parameters = differences(parameters_of(a), parameters_of(b)),
                       .hyperparameters = differences(hyperparameters_of(a), hyperparameters_of(b)),
                       .data = differences(data_of(a), data_of(b)),
                       .source = differences(source_of(a), source_of(b)),
                       .environment = differences(environment_of(a), environment_of(b)),
                       .metrics = differences(metrics_of(a, true), metrics_of(b, true)),
                       .same_bits = a.steps == b.steps && !a.digest().empty() && a.digest() == b.digest()};
  add_curves(found.metrics, a, b);
  return found;
}

}  // namespace stet::tracking
