#include "stet/tracking/reading/rerun.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "stet/tracking/capture/program.h"
#include "stet/tracking/reading/comparison.h"
#include "stet/tracking/reading/log_collector.h"
#include "stet/tracking/reading/subprocess.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/replay.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {
namespace {

constexpr useconds_t kPollInterval = 20'000;

std::string last_line(const Path& file) {
  std::string text = read_file(file);
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

// A flag that every program has is none of its parameters, and would steer it elsewhere.
void require_own_name(const std::string& name) {
  static const std::set<std::string> kOfEveryProgram{"help",      "config",   "quiet",   "runs",   "resume",
                                                     "name",      "seed",     "threads", "device", "checkpoint-every",
                                                     "max-steps", "allow-nan"};
  const bool is_name = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
  if (!is_name || kOfEveryProgram.contains(name))
    throw NotRunnable(fmt::format("its record has a parameter or place '{}', which no program can have", name));
}

// The boundary at which a run that has not finished is stopped when it is run again.
std::optional<uint64_t> last_stop(const RunView& run) {
  const std::optional<LoggedStop>& end = run.log.stop;
  switch (run.status) {
    case RunStatus::finished: return std::nullopt;
    case RunStatus::failed: return (end ? end->tick : run.log.last_tick) + 1;
    case RunStatus::interrupted: return end ? end->tick : run.log.last_tick;
    default: return std::max<uint64_t>(run.log.last_tick, 1);
  }
}

std::optional<Path> run_in(const Path& runs) {
  const auto folders = list_runs(runs);
  return folders.empty() ? std::nullopt : std::optional(folders.back());
}

// The log of the program that runs, as far as it is written.
class Watch {
 public:
  explicit Watch(const Path& scratch) : runs_(scratch / "runs") {}

  const LogView& look() {
    const auto folder = run_in(runs_);
    const size_t segments = folder ? list_segments(*folder).size() : 0;
    if (segments == 0) return nothing_;
    if (segments != segments_) collector_.emplace(*folder);  // whose readers know those that were there
    segments_ = segments;
    collector_->read();
    return collector_->view();
  }

 private:
  Path runs_;
  LogView nothing_;
  size_t segments_ = 0;
  std::optional<LogCollector> collector_;
};

// Runs stretches one after another; each goes on with the scratch folder's run.
class Stretches {
 public:
  Stretches(const RunView& run, const Path& scratch, const VerifyOptions& options, const VerifyProgress& progress)
      : run_(run),
        record_(read_record(run.folder)),
        scratch_(scratch),
        options_(options),
        progress_(progress),
        comparison_(run.log, run.status == RunStatus::dead) {
    make_directories(fs_, scratch / "work");
    for (const auto& [tick, state] : run.log.states) replay_.digest_ticks.insert(tick);
  }

  /// False when there is a difference. Another stretch goes on from one that is not the last.
  bool run(const Stretch& stretch, bool is_last) {
    const Path output = scratch_ / fmt::format("output-{}", count_);
    comparison_.stop_at(stretch.stop_tick);
    Subprocess child(command(stretch, output));
    ++count_;
    if (!follow(child)) {
      child.kill();
      return false;
    }
    const int status = child.wait();
    if (!comparison_.advance(whole_log()) || comparison_.parting()) return false;
    const auto folder = run_in(scratch_ / "runs");
    const RunStatus ended = folder ? read_summary(*folder).status : RunStatus::dead;
    if (status != 0 && !ends_as_recorded(stretch, ended))
      throw NotRunnable(fmt::format("the program ended with status {}: {}", status, last_line(output)));
    if (!is_last && ended == RunStatus::interrupted) ++stops_;
    return true;
  }

  Rerun finish() {
    LogView actual = whole_log();
    comparison_.finish(actual, run_.status == RunStatus::finished);
    return {.result = {.steps = actual.steps,
                       .digests_equal = comparison_.equal(),
                       .digests = comparison_.total(),
                       .first_difference = comparison_.parting()},
            .run = run_in(scratch_ / "runs"),
            .log = std::move(actual),
            .stops = stops_};
  }

 private:
  // Until the program ends; false when a difference is known before.
  bool follow(Subprocess& child) {
    Watch watch(scratch_);
    while (!child.ended()) {
      const LogView& log = watch.look();
      const bool same = comparison_.advance(log);
      if (progress_) progress_(log.steps, digested_steps(run_));
      if (!same) return false;
      ::usleep(kPollInterval);
    }
    return true;
  }

  // The last launch of a run that failed, and has failed again, or finished, whatever the program returns then.
  bool ends_as_recorded(const Stretch& stretch, RunStatus ended) const {
    return stretch.launch + 1 == run_.launches.size() && ended == run_.status &&
           (ended == RunStatus::failed || ended == RunStatus::finished);
  }

  LogView whole_log() const { return Watch(scratch_).look(); }

  // The launch's program, laid out once.
  const RunnableProgram& program_of(size_t launch) {
    const auto& program = record_.launches(static_cast<int>(launch)).program();
    if (program.sha256().empty())
      throw NotRunnable(fmt::format("launch {} was killed before its program was kept", launch));
    const auto it = programs_.find(program.sha256());
    if (it != programs_.end()) return it->second;
    const Path place = scratch_ / ("program-" + std::to_string(programs_.size()));
    return programs_[program.sha256()] = lay_out_program(fs_, Folder(run_.folder.parent_path()), program, place);
  }

  Command command(const Stretch& stretch, const Path& output) {
    const RunnableProgram& program = program_of(stretch.launch);
    Command command{.program = program.executable,
                    .arguments = arguments(run_.launches.at(stretch.launch)),
                    .environment = program.environment,
                    .cwd = scratch_ / "work",
                    .output = output};
    command.environment.merge(std::map<std::string, std::string>{
        {"STET_REPLAY", write_plan(stretch).string()}, {"STET_FRESH_FINGERPRINTS", "1"}, {"STET_ISA", options_.isa}});
    return command;
  }

  // A secret is given by who verifies, or is the program's own default.
  bool given_again(const auto& recorded) const {
    if (!recorded.masked || options_.places.contains(recorded.name)) return true;
    if (recorded.source == ValueSource::standard) return false;
    throw NotRunnable(fmt::format("--{} was a secret, which the record does not hold; give it with --{} VALUE",
                                  recorded.name, recorded.name));
  }

  std::vector<std::string> arguments(const RunLaunch& launch) const {
    for (const RunParameter& p : run_.parameters) require_own_name(p.name);
    for (const RunPlace& p : run_.places) require_own_name(p.name);
    std::vector<std::string> words{"--quiet", "--runs=" + (scratch_ / "runs").string(),
                                   fmt::format("--seed={}", run_.seed), fmt::format("--threads={}", options_.threads),
                                   "--device=" + (options_.device.empty() ? launch.device : options_.device)};
    for (const RunParameter& p : run_.parameters) {
      if (given_again(p)) words.push_back("--" + p.name + "=" + (p.masked ? options_.places.at(p.name) : p.value));
    }
    for (const RunPlace& p : run_.places) {
      if (given_again(p)) words.push_back("--" + p.name + "=" + place_of(run_, p, options_));
    }
    if (record_.allow_nan() || std::find(launch.argv.begin(), launch.argv.end(), "--allow-nan") != launch.argv.end())
      words.push_back("--allow-nan");
    if (count_ > 0) words.push_back("--resume=latest");
    return words;
  }

  Path write_plan(const Stretch& stretch) {
    replay_.stop_tick = stretch.stop_tick;
    const std::string plan = replay_.to_text();
    const Path file = scratch_ / fmt::format("plan-{}", count_);
    write_file(fs_, Folder(file.parent_path()) / file.filename().string(), as_bytes(plan));
    return file;
  }

  FileSystem& fs_ = file_system();
  const RunView& run_;
  const record::RunRecord record_;
  const Path scratch_;
  const VerifyOptions& options_;
  const VerifyProgress& progress_;
  Comparison comparison_;
  Replay replay_;
  std::map<std::string, RunnableProgram> programs_;  // by SHA-256
  int count_ = 0;                                    // stretches begun
  size_t stops_ = 0;
};

}  // namespace

std::string place_of(const RunView& run, const RunPlace& place, const VerifyOptions& options) {
  const auto moved = options.places.find(place.name);
  if (moved != options.places.end()) return std::filesystem::absolute(moved->second).string();
  if (place.value.empty() || Path(place.value).is_absolute()) return place.value;
  return (Path(run.launches.at(0).cwd) / place.value).lexically_normal().string();
}

int64_t digested_steps(const RunView& run) { return run.status == RunStatus::finished ? run.steps : run.log.steps; }

std::vector<Stretch> stretches_of(const RunView& run) {
  std::vector<Stretch> stretches;
  std::optional<uint64_t> stop = last_stop(run);
  for (size_t i = run.launches.size(); i-- > 0;) {
    const uint64_t first = run.launches[i].first_tick;
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
    const uint64_t first = run.launches[s.launch].first_tick;
    for (const uint64_t tick : ticks) {
      if (tick > first && (!s.stop_tick || tick < *s.stop_tick)) parts.push_back({s.launch, tick});
    }
    parts.push_back(s);
  }
  return parts;
}

Rerun rerun(const RunView& run, const std::vector<Stretch>& stretches, const Path& scratch,
            const VerifyOptions& options, const VerifyProgress& progress) {
  Stretches again(run, scratch, options, progress);
  for (const Stretch& stretch : stretches) {
    if (!again.run(stretch, &stretch == &stretches.back())) break;
  }
  return again.finish();
}

}  // namespace stet::tracking
