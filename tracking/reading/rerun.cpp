#include "stet/tracking/reading/rerun.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "stet/tensor/error.h"
#include "stet/tracking/capture/program.h"
#include "stet/tracking/reading/environment_diff.h"
#include "stet/tracking/reading/subprocess.h"
#include "stet/tracking/record/replay.h"

namespace stet::tracking {
namespace {

constexpr useconds_t poll_interval = 20'000;

std::string absolute_place(const RunView& run, const std::string& place) {
  if (place.empty() || Path(place).is_absolute()) return place;
  return (Path(run.record.launches(0).cwd()) / place).lexically_normal().string();
}

std::vector<std::string> arguments_of(const RunView& run, const Stretch& stretch, bool resumes, const Path& scratch,
                                      const VerifyOptions& options) {
  const auto& launch = run.record.launches(stretch.launch);
  std::vector<std::string> arguments{"--quiet", "--runs=" + (scratch / "runs").string(),
                                     fmt::format("--seed={}", run.record.seed()),
                                     fmt::format("--threads={}", options.threads),
                                     "--device=" + (options.device.empty() ? launch.device() : options.device)};
  for (const auto& p : run.record.params()) arguments.push_back("--" + p.name() + "=" + p.value());
  for (const auto& p : run.record.places()) arguments.push_back("--" + p.name() + "=" + absolute_place(run, p.value()));
  if (std::find(launch.argv().begin(), launch.argv().end(), "--allow-nan") != launch.argv().end())
    arguments.push_back("--allow-nan");
  if (resumes) arguments.push_back("--resume=latest");
  return arguments;
}

std::string last_line(const Path& file) {
  std::string text = read_file(file);
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

std::optional<Path> run_in(const Path& runs) {
  if (!std::filesystem::exists(runs)) return std::nullopt;
  const auto folders = list_runs(runs);
  return folders.empty() ? std::nullopt : std::optional(folders.back());
}

// Reads the log of the program that runs, as far as it is written.
class Watch {
 public:
  Watch(const Path& scratch, Comparison& comparison) : runs_(scratch / "runs"), comparison_(comparison) {}

  /// False when a difference is known.
  bool look() {
    if (!collector_) {
      const auto folder = run_in(runs_);
      if (!folder || list_segments(*folder).empty()) return true;
      collector_.emplace(*folder);
    }
    collector_->read();
    return comparison_.advance(collector_->view());
  }
  int64_t steps() const { return collector_ ? collector_->view().steps : 0; }

 private:
  Path runs_;
  Comparison& comparison_;
  std::optional<LogCollector> collector_;
};

LogView whole_log(const Path& scratch) {
  const auto folder = run_in(scratch / "runs");
  if (!folder || list_segments(*folder).empty()) return {};
  LogCollector collector(*folder);
  collector.read();
  return collector.view();
}

}  // namespace

std::vector<Stretch> stretches_of(const RunView& run) {
  std::vector<Stretch> stretches;
  std::optional<uint64_t> stop;
  if (run.status != RunStatus::finished) stop = run.log.last_tick;
  for (int i = run.record.launches_size() - 1; i >= 0; --i) {
    const uint64_t first = run.record.launches(i).first_tick();
    if (stop && first >= *stop) continue;  // it came to no boundary of the run, or a later launch went back behind it
    stretches.push_back({i, stop});
    stop = first;
    if (first == 0) break;
  }
  std::reverse(stretches.begin(), stretches.end());
  return stretches;
}

std::vector<Stretch> cut(const RunView& run, const std::vector<Stretch>& stretches, const std::set<uint64_t>& ticks) {
  std::vector<Stretch> parts;
  for (const Stretch& s : stretches) {
    const uint64_t first = run.record.launches(s.launch).first_tick();
    for (const uint64_t tick : ticks) {
      if (tick > first && (!s.stop_tick || tick < *s.stop_tick)) parts.push_back({s.launch, tick});
    }
    parts.push_back(s);
  }
  return parts;
}

Rerun rerun(const RunView& run, const std::vector<Stretch>& stretches, const Path& scratch,
            const VerifyOptions& options, const std::function<void(int64_t step)>& progress) {
  FileSystem& fs = file_system();
  make_directories(fs, scratch / "work");
  Comparison comparison(run.log);
  Replay replay;
  for (const auto& [tick, state] : run.log.states) replay.digest_ticks.insert(tick);
  std::map<std::string, RunnableProgram> programs;
  for (size_t i = 0; i < stretches.size(); ++i) {
    const auto& program = run.record.launches(stretches[i].launch).program();
    if (program.sha256().empty())
      throw NotRunnable(fmt::format("launch {} was killed before its program was kept", stretches[i].launch));
    if (!programs.contains(program.sha256())) {
      programs[program.sha256()] = lay_out_program(fs, run.folder.parent_path(), program,
                                                   scratch / ("program-" + std::to_string(programs.size())));
    }
    const RunnableProgram& runnable = programs[program.sha256()];
    replay.stop_tick = stretches[i].stop_tick;
    const std::string plan = replay.to_text();
    const Path plan_file = scratch / fmt::format("plan-{}", i);
    write_file(fs, plan_file, as_bytes(plan));
    const Path output = scratch / fmt::format("output-{}", i);
    Subprocess child({.program = runnable.executable,
                      .arguments = arguments_of(run, stretches[i], i > 0, scratch, options),
                      .environment = {{"LD_LIBRARY_PATH", runnable.library_folder.string()},
                                      {"STET_REPLAY", plan_file.string()},
                                      {"STET_FRESH_FINGERPRINTS", "1"},
                                      {"STET_FAULT", ""},
                                      {"STET_ISA", options.isa}},
                      .cwd = scratch / "work",
                      .output = output});
    Watch watch(scratch, comparison);
    bool same = true;
    while (!child.ended() && same) {
      same = watch.look();
      progress(watch.steps());
      if (same) ::usleep(poll_interval);
    }
    if (!same) {
      child.kill();
      break;
    }
    if (const int status = child.wait();
        status != 0 && comparison.advance(whole_log(scratch)) && !comparison.parting()) {
      throw NotRunnable(fmt::format("the program ended with status {}: {}", status, last_line(output)));
    }
    if (!comparison.advance(whole_log(scratch)) || comparison.parting()) break;
  }
  const LogView actual = whole_log(scratch);
  comparison.finish(actual, run.status == RunStatus::finished);
  Rerun result{actual.steps, comparison.equal(), comparison.total(), comparison.parting(), {}, {}};
  if (!result.parting) result.other_metrics = other_metrics(run.log, actual);
  if (const auto folder = run_in(scratch / "runs")) {
    const auto record = read_record(*folder);
    if (record.launches_size() > 0) result.surroundings = surroundings(record.launches(0));
  }
  return result;
}

}  // namespace stet::tracking
