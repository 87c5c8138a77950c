#include "stet/tracking/ui/live_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "stet/tensor/error.h"
#include "stet/tensor/threads.h"
#include "stet/tracking/record/clock.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/ui/secrets.h"

namespace stet::tracking::ui {
namespace {

constexpr double kLeastPause = 1, kMostPause = 30;    // seconds between looks at the folder
constexpr double kShare = 0.05;                       // of a core that looking may cost
constexpr double kWatched = 4;                        // seconds for which somebody who asked is taken to look
constexpr size_t kMostChanges = 256, kMostIds = 200;  // of what is remembered and said of changes
constexpr double kSilentIntervals = 10, kLeastSilence = 30;

double steady_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

LiveIndex::LiveIndex(std::filesystem::path runs)
    : runs_(std::move(runs)), in_memory_(RunIndex::path_of(runs_).empty()), instance_(random_text(6)) {
  auto index = std::make_unique<RunIndex>(runs_, RunIndex::Freshness::kept);
  note_changes(*index);
  (in_memory_ ? only_ : idle_.emplace_back()) = std::move(index);
  thread_ = start_thread("ui", [this] { work(); });
}

LiveIndex::~LiveIndex() {
  {
    const std::lock_guard guard(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

LiveIndex::Lease::~Lease() {
  if (index_) owner_->give_back(std::move(index_), generation_);
}

LiveIndex::Lease LiveIndex::lease() {
  std::unique_lock lock(mutex_);
  if (in_memory_) {
    returned_.wait(lock, [&] { return only_ != nullptr; });
    return {*this, std::move(only_), generation_};
  }
  const uint64_t generation = generation_;
  if (!idle_.empty()) {
    std::unique_ptr<RunIndex> index = std::move(idle_.back());
    idle_.pop_back();
    return {*this, std::move(index), generation};
  }
  lock.unlock();
  return {*this, std::make_unique<RunIndex>(runs_, RunIndex::Freshness::kept), generation};
}

void LiveIndex::give_back(std::unique_ptr<RunIndex> index, uint64_t generation) {
  const std::lock_guard guard(mutex_);
  if (in_memory_) {
    only_ = std::move(index);
    returned_.notify_all();
  } else if (generation == generation_) {
    idle_.push_back(std::move(index));
  }
}

void LiveIndex::touch() {
  bool peeks = false;
  {
    const std::lock_guard guard(mutex_);
    touched_ = steady_now();
    peeks = reading_first_ && !in_memory_ && touched_ - noted_ > kLeastPause;
    if (peeks) noted_ = touched_;
  }
  wake_.notify_all();
  if (peeks) note_changes(*lease());
}

void LiveIndex::refresh_now() { refresh(); }

// Looks at the folder as long as somebody asks, as often as a share of a core allows.
void LiveIndex::work() {
  double next = 0;
  std::unique_lock lock(mutex_);
  while (!ending_) {
    const double now = steady_now();
    const bool watched = reading_first_ || now - touched_ < kWatched;
    if (!watched) {
      idle_.clear();  // what is open keeps the index's file from being tidied
      wake_.wait(lock);
    } else if (now < next) {
      wake_.wait_for(lock, std::chrono::duration<double>(next - now));
    } else {
      lock.unlock();
      const double cost = refresh();
      lock.lock();
      next = steady_now() + std::clamp(cost / kShare, kLeastPause, kMostPause);
    }
  }
}

// Returns what it cost, in seconds of processor time.
double LiveIndex::refresh() {
  const std::lock_guard guard(refreshing_);
  const double before = process_seconds();
  try {
    if (in_memory_) {
      const Lease only = lease();
      only->refresh();
      note_changes(*only);
    } else {
      RunIndex index(runs_);
      note_changes(index);
    }
  } catch (const Error&) {  // the folder can't be listed now; what was known of it stays
  }
  reading_first_ = false;
  return process_seconds() - before;
}

void LiveIndex::note_changes(RunIndex& index) {
  const std::lock_guard noting(noting_);
  std::map<std::string, RunVersion> now = index.versions();
  std::map<std::string, RunLife> live = live_runs(index, now);
  const std::lock_guard guard(mutex_);
  Step step{generation_ + 1, {}, {}};
  for (const auto& [folder, version] : now) {
    const auto before = versions_.find(folder);
    const bool same = before != versions_.end() && before->second == version;
    const auto was = live_.find(version.id), is = live.find(version.id);
    const bool same_life =
        (was == live_.end()) == (is == live.end()) && (is == live.end() || was->second == is->second);
    if (!same || !same_life) step.changed.push_back(version.id);
  }
  for (const auto& [folder, version] : versions_) {
    if (!now.contains(folder)) step.removed.push_back(version.id);
  }
  if (step.changed.empty() && step.removed.empty() && generation_ > 0) return;
  versions_ = std::move(now);
  live_ = std::move(live);
  idle_.clear();
  ++generation_;
  history_.push_back(std::move(step));
  if (history_.size() > kMostChanges) history_.pop_front();
}

std::map<std::string, RunLife> LiveIndex::live_runs(RunIndex& index,
                                                    const std::map<std::string, RunVersion>& versions) {
  std::map<std::string, RunLife> live;
  for (const auto& [folder, version] : versions) {
    if (version.status != "running") continue;
    if (const auto run = index.with_id(version.id)) live[version.id] = life_of(index, *run);
  }
  std::erase_if(heard_, [&](const auto& heard) { return !live.contains(heard.first); });
  return live;
}

// What the machine's own readings say is left out: they come from a thread that goes on when training hangs.
RunLife LiveIndex::life_of(RunIndex& index, const IndexedRun& run) {
  const RunFacts facts = index.facts(run);
  int64_t most = 0, progress = facts.log.steps;
  RunLife live;
  for (const auto& [name, summary] : facts.log.series) {
    if (name.name == "system/seconds_left") live.left = summary.last;
    if (is_system_metric(name.name)) continue;
    most = std::max(most, summary.count);
    progress += summary.count;
  }
  Heard& heard = heard_[run.id];
  const double now = unix_time();
  if (heard.progress < 0) heard.at = facts.log.time;
  else if (heard.progress != progress) heard.at = now;
  heard.progress = progress;
  const auto* duration = facts.field("duration").get_if<query::Duration>();
  if (most < 2 || !duration) return live;
  const double interval = duration->seconds / static_cast<double>(most);
  live.is_stalled = now - heard.at > std::max(kLeastSilence, kSilentIntervals * interval);
  return live;
}

std::string LiveIndex::cursor() const { return fmt::format("{}.{}", instance_, generation_.load()); }

Changes LiveIndex::since(const std::string& cursor) const {
  const std::lock_guard guard(mutex_);
  Changes changes;
  changes.cursor = fmt::format("{}.{}", instance_, generation_.load());
  if (cursor.empty() || cursor == changes.cursor) return changes;
  const size_t dot = cursor.find('.');
  uint64_t from = 0;
  try {
    if (cursor.substr(0, dot) == instance_) from = std::stoull(cursor.substr(dot + 1));
  } catch (const std::exception&) { from = 0; }
  const bool known = from > 0 && from <= generation_ && !history_.empty() && history_.front().generation <= from + 1;
  std::set<std::string> changed, removed;
  for (const Step& step : history_) {
    if (step.generation <= from) continue;
    changed.insert(step.changed.begin(), step.changed.end());
    removed.insert(step.removed.begin(), step.removed.end());
  }
  changes.all = !known || changed.size() + removed.size() > kMostIds;
  if (changes.all) return changes;
  changes.changed = {changed.begin(), changed.end()};
  changes.removed = {removed.begin(), removed.end()};
  return changes;
}

RunCounts LiveIndex::counts() const {
  const std::lock_guard guard(mutex_);
  RunCounts counts;
  counts.total = static_cast<int64_t>(versions_.size());
  for (const auto& [folder, version] : versions_) {
    counts.running += version.status == "running";
    counts.failed += version.status == "failed";
  }
  for (const auto& [id, live] : live_) counts.stalled += live.is_stalled;
  return counts;
}

std::map<std::string, RunLife> LiveIndex::live() const {
  const std::lock_guard guard(mutex_);
  return live_;
}

}  // namespace stet::tracking::ui
