#include "stet/tracking/reading/run_view.h"

#include <fmt/ranges.h>

#include <cmath>

#include "stet/tensor/error.h"
#include "stet/tracking/reading/log_collector.h"
#include "stet/tracking/reading/recorded_proto.h"
#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {
namespace {

std::vector<RunCheckpoint> checkpoints_of(const RunView& run) {
  std::map<int64_t, std::optional<double>> metrics;
  for (const auto& [tick, logged] : run.log.checkpoints) metrics[logged.step] = logged.metric;
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

LogView read_log(const RunView& run, const std::string& best_metric) {
  try {
    LogCollector collector(run.folder, best_metric);
    collector.read();
    return collector.take();
  } catch (const DataError& e) {
    if (run.seal.state != SealState::altered) throw;
    raise<DataError>("{}; {}", e.what(), run.seal.line());
  }
}

}  // namespace

RunView read_run(const Path& run) {
  const record::RunRecord record = read_record(run);
  RunView view;
  static_cast<RunSummary&>(view) = summarize(run, record);
  view.seal = check_seal(Folder(run), SealDepth::record_and_log);
  view.log = read_log(view, record.checkpoints().best_metric());
  if (view.status != RunStatus::finished) view.steps = view.log.steps;
  view.places = values_of(record.places());
  view.hyperparameters = values_of(record.hyperparameters());
  view.data = values_of(record.data());
  view.launches = values_of(record.launches());
  view.best_metric = record.checkpoints().best_metric();
  view.checkpoints = checkpoints_of(view);
  view.artifacts = artifacts_of(Folder(view.folder));
  mark_best(view.checkpoints, record.checkpoints().best_is_highest());
  view.model_summary = record.model_summary();
  view.parameter_count = record.parameter_count();
  view.recorded_steps = record.steps();
  view.final_digest = record.final_digest();
  view.record_json = to_json(record);
  view.derived = read_derived(view.folder);
  return view;
}

const std::string& RunView::digest() const {
  return final_digest.empty() && !log.states.empty() ? log.states.rbegin()->second.root : final_digest;
}

const Metric& RunView::metric(const std::string& wanted, const Metric::Context& context) const {
  if (const Metric* found = find_metric(log, wanted, context)) return *found;
  std::vector<std::string> there;
  for (const auto& [tag, metric] : log.metrics) there.push_back(tag);
  raise("run {}: logged no metric '{}'{}; it has {}", id, wanted, context.empty() ? "" : " of that context",
        there.empty() ? "none" : fmt::format("{}", fmt::join(there, ", ")));
}

const std::vector<Point>& RunView::series(const std::string& wanted, const Metric::Context& context) const {
  static const std::vector<Point> none;
  const Metric* found = find_metric(log, wanted, context);
  return found ? found->points : none;
}

}  // namespace stet::tracking
