#include "stet/tracking/reading/runs.h"

#include <algorithm>

#include "stet/tensor/error.h"
#include "stet/tracking/reading/log_collector.h"
#include "stet/tracking/reading/recorded_proto.h"
#include "stet/tracking/reading/run_folders.h"
#include "stet/tracking/reading/run_index.h"
#include "stet/tracking/reading/run_view.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {

RunSummary summarize(const Path& run, const record::RunRecord& record) {
  RunLabels labels = labels_of(Folder(run), record);
  return {.folder = std::filesystem::absolute(run).lexically_normal(),
          .id = record.id(),
          .name = std::move(labels.name),
          .program = record.program(),
          .status = status_of(run, record),
          .steps = record.steps(),
          .created = record.created(),
          .numerics = record.numerics(),
          .seed = record.seed(),
          .parameters = values_of(record.params()),
          .group = std::move(labels.group),
          .description = std::move(labels.description),
          .tags = std::move(labels.tags),
          .notes = std::move(labels.notes),
          .archived = labels.archived,
          .summaries = values_of(record.summaries())};
}

RunSummary read_summary(const Path& run) {
  const record::RunRecord record = read_record(run);
  RunSummary summary = summarize(run, record);
  if (summary.status != RunStatus::running && summary.status != RunStatus::dead) return summary;
  LogCollector collector(run);
  collector.read();
  summary.steps = committed_steps(record, summary.status, collector.view().committed);
  return summary;
}

std::vector<Point> RunSummary::series(const std::string& metric, const Metric::Context& context) const {
  LogCollector collector(folder);
  collector.read();
  const LogView log = collector.take();
  const Metric* found = find_metric(log, metric, context);
  return found ? found->points : std::vector<Point>();
}

std::vector<Path> Runs::folders() const { return list_run_folders(folder_).runs; }

RunList Runs::list() const {
  RunFolders all = list_run_folders(folder_);
  RunList list;
  list.unreadable = std::move(all.unreadable);
  for (const Path& run : all.runs) {
    try {
      list.runs.push_back(read_summary(run));
    } catch (const std::exception& e) { list.unreadable.push_back({run, e.what()}); }
  }
  std::ranges::sort(list.unreadable, {}, &UnreadableRun::folder);
  return list;
}

namespace {

std::optional<Path> newest_named(const Path& runs, const std::string& name) {
  query::Expression condition = query::parse("name == \"\"");
  condition.operands[1].value = query::Value(name);
  std::optional<Path> newest;
  for (const IndexedRun& run : RunIndex(runs).matching(condition)) {
    if (!newest || newest->filename() < run.folder.filename()) newest = runs / run.folder.filename();
  }
  return newest;
}

bool is_there(const Path& path) {
  std::error_code none;  // a condition may be longer than a path
  return std::filesystem::exists(path, none);
}

// A run that is named by its folder's name and can't be read is not passed over.
void require_readable(const Path& runs, const std::string& which) {
  if (!which.empty() && is_there(runs)) open_among(Folder(runs), which);
}

}  // namespace

RunList Runs::query(const std::string& condition) const {
  const query::Expression parsed = query::parse(condition);
  RunList list;
  for (const IndexedRun& run : RunIndex(folder_).matching(parsed)) {
    try {
      list.runs.push_back(read_summary(run.folder));
    } catch (const std::exception& e) { list.unreadable.push_back({run.folder, e.what()}); }
  }
  return list;
}

RunSummary Runs::find(const std::string& which) const { return read_summary(folder_of(which)); }

Path Runs::folder_of(const std::string& which) const {
  if (which.find('/') == which.npos) require_readable(folder_, which);
  return find_run(folder_, which, [this](const std::string& name) { return newest_named(folder_, name); });
}

RunView Runs::open(const std::string& which) const { return read_run(folder_of(which)); }

}  // namespace stet::tracking
