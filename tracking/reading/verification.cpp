#include "stet/tracking/reading/verification.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "stet/tensor/error.h"
#include "stet/tracking/reading/content_comparison.h"
#include "stet/tracking/reading/differences.h"
#include "stet/tracking/reading/record_check.h"
#include "stet/tracking/reading/record_comparison.h"
#include "stet/tracking/reading/recorded_proto.h"
#include "stet/tracking/reading/rerun.h"
#include "stet/tracking/reading/scratch_folder.h"
#include "stet/tracking/reading/trust.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

void require_trust(const RunView& run, const VerifyOptions& options) {
  if (options.trust) return;
  std::vector<record::Program> programs;
  const auto record = read_record(Folder(run.folder));
  for (const auto& launch : record.launches()) {
    if (!launch.program().sha256().empty()) programs.push_back(launch.program());
  }
  const std::string why = why_distrusted(Folder(run.folder), Folder(run.folder.parent_path()), record, programs);
  if (!why.empty()) throw NotRunnable(why);
}

void require_runnable(const RunView& run) {
  if (is_held(run.folder)) throw NotRunnable("the run is running; verify it when it has ended");
  if (run.log.losses.empty() && run.log.states.empty())
    throw NotRunnable("its log holds no digests: " + (run.steps == 0 ? std::string("it ended before its first step did")
                                                                     : "nothing tells what its steps came to"));
  if (run.launches.empty()) throw NotRunnable("its record holds no launch");
}

// How to say where things lie now.
std::string options_for_places(const RunView& run) {
  std::string names;
  for (const RunPlace& place : run.places) names += fmt::format("{}--{} PLACE", names.empty() ? "" : ", ", place.name);
  return names.empty() ? "" : fmt::format("; where it was moved, say so with {}", names);
}

// Where a data file lies now, when its place has been given anew.
Path moved(const RunView& run, const Path& file, const VerifyOptions& options) {
  for (const RunPlace& place : run.places) {
    if (!options.places.contains(place.name) || place.value.empty()) continue;
    const Path within = file.lexically_relative(place_of(run, place, {}));
    if (within.empty() || *within.begin() == "..") continue;
    const Path now = place_of(run, place, options);
    return within == "." ? now : now / within;
  }
  return file;
}

void require_same_files(const RunView& run, const VerifyOptions& options) {
  for (const RunData& data : run.data) {
    for (const RunDataFile& recorded : data.files) {
      const Path file = moved(run, recorded.path, options);
      std::error_code error;
      if (!std::filesystem::exists(file, error))
        throw NotRunnable(fmt::format("data changed: {} {}{}", file.string(),
                                      error ? "can't be read: " + error.message() : "is gone",
                                      options_for_places(run)));
      if (sha256_file(file) != recorded.sha256)
        throw NotRunnable(fmt::format("data changed: {} is not the file that the run read", file.string()));
    }
  }
}

void require_places(const RunView& run, const VerifyOptions& options) {
  for (const auto& [name, value] : options.places) {
    const auto named = [&name = name](const RunPlace& place) { return place.name == name; };
    const auto secret = [&name = name](const RunParameter& parameter) {
      return parameter.name == name && parameter.masked;
    };
    if (std::none_of(run.places.begin(), run.places.end(), named) &&
        std::none_of(run.parameters.begin(), run.parameters.end(), secret))
      raise("--{}: run {} has no such place{}", name, run.id, options_for_places(run));
  }
}

std::string environments(const RunView& run, const Rerun& again) {
  std::vector<std::string> parts;
  if (!again.run) return "";
  const auto record = read_record(Folder(*again.run));
  if (record.launches_size() == 0) return "";
  const RunLaunch launch = value_of(record.launches(0));
  for (const auto& [name, values] : differences(surroundings(run.launches.at(0)), surroundings(launch))) {
    if (name == "commit" || name == "uncommitted changes") continue;  // of the executable, which is the kept one
    parts.push_back(fmt::format("{} was {} and is {}", name, values.first.empty() ? "none" : values.first,
                                values.second.empty() ? "none" : values.second));
  }
  return parts.empty() ? "" : fmt::format("; environments differ: {}", fmt::join(parts, ", "));
}

// A rate may come out twice alike, and not as recorded.
const char* hint_for(const std::string& name) {
  return name.starts_with("metric ") ? " (log it with {.varies = true} if it may differ each time)" : "";
}

// What a run logged, as far as a replay makes it again.
Contents comparable_contents(const RunView& run, const Path& folder, const LogView& log) {
  return contents_of(folder, log, run.status == RunStatus::dead ? std::optional(run.log.last_tick) : std::nullopt);
}

std::vector<std::string> masked_names(const RunView& run) {
  std::vector<std::string> names;
  const auto add = [&](const auto& recorded) {
    if (recorded.masked) names.push_back(recorded.name);
  };
  std::for_each(run.parameters.begin(), run.parameters.end(), add);
  std::for_each(run.places.begin(), run.places.end(), add);
  return names;
}

std::vector<std::string> varying_metrics(const LogView& log) {
  std::vector<std::string> names;
  for (const auto& [tag, metric] : log.metrics) {
    if (std::any_of(metric.points.begin(), metric.points.end(), [](const Point& p) { return p.varies; }))
      names.push_back(tag);
  }
  return names;
}

// Whole runs, run again as the options say.
class Replays {
 public:
  Replays(const RunView& run, const VerifyOptions& options, const VerifyProgress& progress)
      : run_(run), options_(options), progress_(progress), scratch_("stet-verify", run.folder.parent_path()) {}
  Rerun run(const std::vector<Stretch>& stretches) {
    return rerun(run_, stretches, scratch_.path() / std::to_string(count_++), options_, progress_);
  }

 private:
  const RunView& run_;
  const VerifyOptions& options_;
  const VerifyProgress& progress_;
  const ScratchFolder scratch_;
  int count_ = 0;
};

// What a second replay logged. One that parts from the record where the first did not is a difference by itself.
Contents contents_once_more(Verdict& verdict, const RunView& run, const std::vector<Stretch>& stretches,
                            Replays& replays) {
  const Rerun again = replays.run(stretches);
  if (const auto& parting = again.result.first_difference)
    verdict.differences.push_back("run a second time, " + parting->what);
  if (!again.run) throw NotRunnable("the program made no run when it was run a second time");
  return comparable_contents(run, *again.run, again.log);
}

// Sets the verdict's differences, and what depends on surroundings: what differs from the record, and from a second
// replay as well.
void compare_contents(Verdict& verdict, const RunView& run, const Rerun& again, const std::vector<Stretch>& stretches,
                      Replays& replays) {
  const Contents recorded = comparable_contents(run, run.folder, run.log);
  const Contents first = comparable_contents(run, *again.run, again.log);
  const auto differ = differing(recorded, first);
  if (differ.empty()) return;
  const Contents second = contents_once_more(verdict, run, stretches, replays);
  const auto unsteady = differing(first, second);
  for (const std::string& name : differ) {
    if (std::find(unsteady.begin(), unsteady.end(), name) != unsteady.end())
      verdict.depends_on_surroundings.push_back(name);
    else verdict.differences.push_back(how_differing(name, recorded, first) + hint_for(name));
  }
}

// What a run that was stopped and resumed logged otherwise, where all digests are equal: what it lost is in no digest.
std::vector<std::string> contents_lost(const Verdict& verdict, const RunView& run, const Rerun& resumed) {
  if (!resumed.run) throw NotRunnable("the program made no run when it was resumed");
  const Contents recorded = comparable_contents(run, run.folder, run.log);
  const Contents again = comparable_contents(run, *resumed.run, resumed.log);
  std::vector<std::string> lost;
  for (const std::string& name : differing(recorded, again)) {
    const auto& unsteady = verdict.depends_on_surroundings;
    if (std::find(unsteady.begin(), unsteady.end(), name) == unsteady.end())
      lost.push_back(how_differing(name, recorded, again));
  }
  return lost;
}

std::set<uint64_t> thinned(const std::set<uint64_t>& ticks, size_t most) {
  if (ticks.size() <= most) return ticks;
  std::set<uint64_t> few;
  size_t i = 0;
  for (const uint64_t tick : ticks) {
    if (i * most / ticks.size() != (i + 1) * most / ticks.size()) few.insert(tick);
    ++i;
  }
  return few;
}

// Boundaries from which stretches begin anew: those of checkpoints, and a few more.
std::set<uint64_t> restart_ticks(const RunView& run) {
  std::set<uint64_t> checkpoints;
  for (const auto& [tick, mark] : run.log.checkpoints) checkpoints.insert(tick);
  std::set<uint64_t> ticks = thinned(checkpoints, 12);
  for (const uint64_t quarter : {1, 2, 3}) ticks.insert(std::max<uint64_t>(1, run.log.last_tick * quarter / 4));
  std::erase_if(ticks, [&](uint64_t t) { return t == 0 || t >= run.log.last_tick; });
  return ticks;
}

std::string verified_line(const RunView& run, const Verdict& verdict) {
  const Replayed& again = *verdict.whole;
  std::string line = fmt::format("verified: {} of {} steps run, {} of {} digests equal", again.steps,
                                 digested_steps(run), again.digests_equal, again.digests);
  if (run.status == RunStatus::failed)
    line += fmt::format(", and it fails as recorded: {}", run.launches.back().end->message);
  return line;
}

void refuse(Verdict& verdict, const std::string& why) {
  verdict.outcome = Verdict::Outcome::not_verified;
  verdict.line = "not verified: " + why;
}

bool has_gone_on(const RunView& run, const record::RunRecord& again) {
  return run.status == RunStatus::failed &&
         again.launches(again.launches_size() - 1).end().status() != record::End::FAILED;
}

std::string other_stop(const RunView& run, const Rerun& again) {
  const auto words = [](const std::optional<LoggedStop>& stop) {
    return stop ? fmt::format("boundary {} of step {}", stop->tick, stop->step) : std::string("nowhere");
  };
  return fmt::format("the log ends at {}, and run again at {}", words(run.log.stop), words(again.log.stop));
}

// False when the verdict is out.
bool replay_whole(Verdict& verdict, const RunView& run, const std::vector<Stretch>& stretches, Replays& replays) {
  const Rerun again = replays.run(stretches);
  verdict.whole = again.result;
  if (const auto& parting = again.result.first_difference) {
    refuse(verdict, parting->what + environments(run, again));
    return false;
  }
  if (!again.run) throw NotRunnable("the program made no run");
  const record::RunRecord record = read_record(Folder(*again.run));
  if (has_gone_on(run, record)) {
    refuse(verdict, fmt::format("it failed in step {}: {}; run again, it went on", run.recorded_steps + 1,
                                run.launches.back().end->message));
    return false;
  }
  const bool ended = run.status == RunStatus::finished || run.status == RunStatus::failed;
  const record::RunRecord recorded = read_record(Folder(run.folder));
  verdict.lost_data = lost_data(recorded, record, run.status);
  verdict.differences = record_differences(recorded, record, stretches, run.status);
  if (ended && run.log.stop != again.log.stop) verdict.differences.push_back(other_stop(run, again));
  compare_contents(verdict, run, again, stretches, replays);
  if (verdict.differences.empty()) return true;
  refuse(verdict,
         fmt::format("all digests are equal, but the record differs: {}", fmt::join(verdict.differences, "; ")));
  return false;
}

bool replay_from_checkpoints(Verdict& verdict, const RunView& run, const std::vector<Stretch>& stretches,
                             Replays& replays) {
  const auto parts = cut(run, stretches, restart_ticks(run));
  const Rerun again = replays.run(parts);
  verdict.resumed = again.result;
  if (const auto& parting = verdict.resumed->first_difference) {
    refuse(verdict,
           "the whole run gives the same digests, but resumed from its checkpoints it does not: there is state "
           "outside run.track; " +
               parting->what);
    return false;
  }
  verdict.differences = contents_lost(verdict, run, again);
  if (!verdict.differences.empty()) {
    refuse(verdict, fmt::format("the whole run gives the same, but resumed from its checkpoints it does not: there is "
                                "state outside run.track; {}",
                                fmt::join(verdict.differences, "; ")));
    return false;
  }
  if (again.stops > 0) {
    verdict.line += fmt::format(", and from {} too", counted(static_cast<int64_t>(again.stops), "checkpoint"));
  } else if (parts.size() > 1) {
    verdict.line += ", but from no checkpoint: it comes to no boundary at which it could stop before its end";
  }
  return true;
}

// Replays the run as often as the options ask, until there is a difference.
void replay(Verdict& verdict, const RunView& run, const VerifyOptions& options, const VerifyProgress& progress) {
  Replays replays(run, options, progress);
  const auto stretches = stretches_of(run);
  if (!replay_whole(verdict, run, stretches, replays)) return;
  verdict.line = verified_line(run, verdict);
  if (options.resumes && !replay_from_checkpoints(verdict, run, stretches, replays)) return;
  verdict.outcome = Verdict::Outcome::verified;
  verdict.line += "; " + verdict.seal.line();
}

// Without running anything: what was changed since the run ended, and what contradicts itself.
std::string refusal(const Verdict& verdict, const RunView& run) {
  if (verdict.seal.state == SealState::altered) return verdict.seal.line();
  return contradiction(run);
}

Verdict judge(const RunView& run, SealCheck seal, const VerifyOptions& options, const VerifyProgress& progress) {
  Verdict verdict;
  verdict.steps = digested_steps(run);
  verdict.seal = std::move(seal);
  require_places(run, options);
  require_runnable(run);
  verdict.varying = varying_metrics(run.log);
  verdict.foreign = foreign_files(run);
  verdict.cut_short = run.status == RunStatus::dead;
  verdict.secrets = masked_names(run);
  verdict.reason = refusal(verdict, run);
  if (!verdict.reason.empty()) {
    refuse(verdict, verdict.reason);
    return verdict;
  }
  require_trust(run, options);
  require_same_files(run, options);
  replay(verdict, run, options, progress);
  return verdict;
}

Verdict impossible(const RunView& run, SealCheck seal, const std::string& why) {
  Verdict verdict;
  verdict.steps = run.steps;
  verdict.seal = std::move(seal);
  verdict.reason = why;
  verdict.line = "can't be verified: " + why;
  return verdict;
}

Verdict judge_all(const RunView& run, SealCheck seal, const VerifyOptions& options, const VerifyProgress& progress) {
  try {
    return judge(run, seal, options, progress);
  } catch (const NotRunnable& e) { return impossible(run, std::move(seal), e.what()); } catch (const DataError& e) {
    return impossible(run, std::move(seal), e.what());
  } catch (const IoError& e) { return impossible(run, std::move(seal), e.what()); }
}

}  // namespace

Verdict verify(const Path& folder, const VerifyOptions& options, const VerifyProgress& progress) {
  SealCheck seal = check_seal(Folder(folder), SealDepth::everything);
  if (seal.state != SealState::altered) return judge_all(read_run(folder), std::move(seal), options, progress);
  Verdict verdict;
  verdict.seal = std::move(seal);
  verdict.reason = verdict.seal.line();
  refuse(verdict, verdict.reason);
  return verdict;
}

std::vector<std::string> Verdict::not_vouched_for() const {
  std::vector<std::string> parts = not_compared();
  for (const std::string& name : secrets) parts.push_back(name + " (a secret)");
  if (cut_short)
    parts.push_back(
        "what was logged behind its last digest, artifacts, best values and the recorded number of steps, as it was "
        "killed");
  for (const std::string& name : lost_data)
    parts.push_back(fmt::format("data set {} (opened in a part that a kill lost)", name));
  for (const std::string& name : foreign) parts.push_back(name + " (no file of this run)");
  for (const std::string& name : varying) parts.push_back(fmt::format("metric {} (declared to vary)", name));
  for (const std::string& name : depends_on_surroundings) parts.push_back(name + " (depends on surroundings)");
  return parts;
}

Verdict verify(const RunView& run, const VerifyOptions& options, const VerifyProgress& progress) {
  return judge_all(run, check_seal(Folder(run.folder), SealDepth::everything), options, progress);
}

}  // namespace stet::tracking
