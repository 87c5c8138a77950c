#include "stet/tracking/reading/run_view.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "stet/tensor/error.h"
#include "stet/tracking/reading/curves.h"
#include "stet/tracking/reading/log_collector.h"
#include "stet/tracking/reading/recorded_proto.h"
#include "stet/tracking/reading/run_index.h"
#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {
namespace {

using CheckpointMarks = std::map<uint64_t, LoggedCheckpoint>;  // by tick

std::vector<RunCheckpoint> checkpoints_of(const RunOverview& run, const CheckpointMarks& marks) {
  std::map<int64_t, std::optional<double>> metrics;
  for (const auto& [tick, logged] : marks) metrics[logged.step] = logged.metric;
  std::vector<RunCheckpoint> checkpoints;
  for (const CheckpointFile& file : list_checkpoints(run.folder)) {
    checkpoints.push_back({.step = file.step,
                           .path = file.entry.path(),
                           .bytes = look_at(file.entry).size,
                           .metric = metrics[file.step],
                           .best = false});
  }
  return checkpoints;
}

// As the run itself chooses which to keep: the earliest of equals, and NaN is never it.
void mark_best(std::vector<RunCheckpoint>& checkpoints, bool highest) {
  RunCheckpoint* best = nullptr;
  for (RunCheckpoint& c : checkpoints) {
    if (!c.metric || std::isnan(*c.metric)) continue;
    if (!best || (highest ? *c.metric > *best->metric : *c.metric < *best->metric)) best = &c;
  }
  if (best) best->best = true;
}

std::vector<RunArtifact> artifacts_of(const Folder& run) {
  std::vector<RunArtifact> artifacts;
  const auto folder = find_folder(run / "artifacts");
  for (const std::string& name : folder ? folder->names() : std::vector<std::string>()) {
    if (is_file(*folder / name)) artifacts.push_back({name, look_at(*folder / name).size});
  }
  return artifacts;
}

LogView read_log(const RunOverview& run, const std::string& best_metric) {
  try {
    LogCollector collector(run.folder, best_metric);
    collector.read();
    return collector.take();
  } catch (const DataError& e) {
    if (run.seal.state != SealState::altered) throw;
    raise<DataError>("{}; {}", e.what(), run.seal.line());
  }
}

LogOutline outline_of(const LogView& log) {
  LogOutline outline;
  for (const auto& [tag, metric] : log.metrics) outline.metrics[tag] = {metric.name, metric.context, metric.summary};
  for (const auto& [name, logged] : log.media) {
    if (logged.empty()) continue;
    const LoggedMedium& last = logged.back();
    outline.media[name] = {logged.front().kind, static_cast<int64_t>(logged.size()), last.step, last.bytes};
  }
  if (!log.states.empty()) outline.digest = log.states.rbegin()->second.root;
  return outline;
}

MetricSummary summary_of(const SeriesFacts& s) {
  MetricSummary m{.last = s.last, .min = s.min, .max = s.max, .step = s.step, .count = s.count};
  m.min_step = s.min_step, m.max_step = s.max_step;
  if (s.has_numbers()) return m;
  m.min = m.max = s.first;  // NaN, as all are
  m.min_step = m.max_step = s.first_step;
  return m;
}

// None where two series are shown under one name, which older logs may hold.
std::optional<LogOutline> outline_of(const LogFacts& log) {
  LogOutline outline;
  for (const auto& [series, facts] : log.series)
    outline.metrics[facts.tag] = {series.name, series.context, summary_of(facts)};
  if (outline.metrics.size() != log.series.size()) return {};
  for (const auto& [name, m] : log.media) outline.media[name] = {m.kind, m.count, m.step, m.bytes};
  outline.digest = log.digest;
  return outline;
}

// All that the record holds, and the folder.
void fill(RunOverview& view, const record::RunRecord& record, const CheckpointMarks& marks, int64_t logged_steps) {
  view.steps = committed_steps(record, view.status, logged_steps);
  view.places = values_of(record.places());
  view.hyperparameters = values_of(record.hyperparameters());
  view.data = values_of(record.data());
  view.launches = values_of(record.launches());
  view.best_metric = record.checkpoints().best_metric();
  view.checkpoints = checkpoints_of(view, marks);
  view.artifacts = artifacts_of(Folder(view.folder));
  mark_best(view.checkpoints, record.checkpoints().best_is_highest());
  view.model_summary = record.model_summary();
  view.parameter_count = record.parameter_count();
  view.recorded_steps = record.steps();
  view.final_digest = record.final_digest();
  view.record_json = to_json(record);
  view.derived = read_derived(view.folder);
}

// From so many bytes on it is worth an index.
constexpr int64_t kLongLog = int64_t{1} << 20;

int64_t log_bytes(const Folder& run) {
  int64_t bytes = 0;
  for (const std::string& name : run.names()) {
    if (is_segment_name(name)) bytes += look_at(run / name).size;
  }
  return bytes;
}

// What the index has of a run's log; none where that is not all of it.
std::optional<LogFacts> indexed_log(const Path& run) {
  RunIndex index = RunIndex::of_run(run);
  const auto found = index.find(run);
  if (!found) return {};
  RunFacts facts = index.facts(*found);
  if (!facts.problem.empty()) return {};
  return std::move(facts.log);
}

[[noreturn]] void raise_no_metric(const std::string& id, const std::string& wanted, const LogOutline& log,
                                  const char* which = "") {
  std::vector<std::string> there;
  for (const auto& [tag, metric] : log.metrics) there.push_back(tag);
  raise("run {}: logged no metric '{}'{}; it has {}", id, wanted, which,
        there.empty() ? "none" : fmt::format("{}", fmt::join(there, ", ")));
}

// Of a series that the index adds up the points that it knows of.
Metric with_points(const MetricOutline& metric, std::vector<Point> points) {
  points.resize(std::min(points.size(), static_cast<size_t>(metric.summary.count)));
  return {metric.name, metric.context, metric.summary, std::move(points)};
}

// What the words mean of a long log.
std::vector<Metric> read_wanted(const Path& run, const LogOutline& log, const std::vector<std::string>& words) {
  std::vector<const MetricOutline*> wanted;
  for (const std::string& word : words) {
    const auto found = find_metrics(log.metrics, word);
    if (found.empty()) raise_no_metric(read_record(run).id(), word, log);
    wanted.insert(wanted.end(), found.begin(), found.end());
  }
  std::vector<query::SeriesName> names;
  for (const MetricOutline* metric : wanted) {
    const query::SeriesName name{metric->name, metric->context};
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  const std::vector<std::vector<Point>> points = read_series(Folder(run), names);
  std::vector<Metric> metrics;
  for (const MetricOutline* metric : wanted) {
    const auto at = std::find(names.begin(), names.end(), query::SeriesName{metric->name, metric->context});
    metrics.push_back(with_points(*metric, points[static_cast<size_t>(at - names.begin())]));
  }
  return metrics;
}

}  // namespace

RunView read_run(const Path& run) {
  const record::RunRecord record = read_record(run);
  RunView view;
  static_cast<RunSummary&>(view) = summarize(run, record);
  view.seal = check_seal(Folder(run), SealDepth::record_and_log);
  view.log = read_log(view, record.checkpoints().best_metric());
  view.outline = outline_of(view.log);
  fill(view, record, view.log.checkpoints, view.log.committed);
  return view;
}

RunOverview read_overview(const Path& run) {
  if (log_bytes(Folder(run)) < kLongLog) return read_run(run);
  const std::optional<LogFacts> log = indexed_log(run);
  std::optional<LogOutline> outline = log ? outline_of(*log) : std::nullopt;
  if (!outline) return read_run(run);  // which names what is wrong
  const record::RunRecord record = read_record(run);
  RunOverview view;
  static_cast<RunSummary&>(view) = summarize(run, record);
  view.seal = check_seal(Folder(run), SealDepth::record_and_log, log->stopped);
  view.outline = std::move(*outline);
  fill(view, record, log->checkpoints, log->committed.count());
  return view;
}

std::vector<Metric> read_metrics(const Path& run, const std::vector<std::string>& words) {
  const std::optional<LogFacts> log = log_bytes(Folder(run)) < kLongLog ? std::nullopt : indexed_log(run);
  const std::optional<LogOutline> outline = log ? outline_of(*log) : std::nullopt;
  if (outline) return read_wanted(run, *outline, words);
  const RunView view = read_run(run);
  std::vector<Metric> metrics;
  for (const std::string& word : words) {
    const auto found = find_metrics(view.log, word);
    if (found.empty()) view.metric(word);  // throws
    for (const Metric* metric : found) metrics.push_back(*metric);
  }
  return metrics;
}

const Metric& RunView::metric(const std::string& wanted, const Metric::Context& context) const {
  if (const Metric* found = find_metric(log, wanted, context)) return *found;
  raise_no_metric(id, wanted, outline, context.empty() ? "" : " of that context");
}

const std::vector<Point>& RunView::series(const std::string& wanted, const Metric::Context& context) const {
  static const std::vector<Point> none;
  const Metric* found = find_metric(log, wanted, context);
  return found ? found->points : none;
}

}  // namespace stet::tracking
