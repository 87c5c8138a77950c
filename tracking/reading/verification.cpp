#include "stet/tracking/reading/verification.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "stet/tensor/error.h"
#include "stet/tensor/version.h"
#include "stet/tracking/reading/rerun.h"
#include "stet/tracking/reading/scratch_folder.h"
#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {
namespace {

void require_runnable(const RunView& run, const VerifyOptions& options) {
  if (is_held(run.folder)) throw NotRunnable("the run is running; verify it when it has ended");
  struct stat info {};
  if (::stat(run.folder.c_str(), &info) != 0) throw NotRunnable(run.folder.string() + " can't be read");
  if (info.st_uid != ::geteuid() && !options.run_program) {
    throw NotRunnable("another user wrote the folder, and it holds that user's program; give --run-program to run it");
  }
  if (run.numerics != numerics_version) {
    throw NotRunnable(fmt::format("it was made under version {} of the numerics contract, and this program keeps {}",
                                  run.numerics, numerics_version));
  }
  if (run.log.losses.empty() && run.log.states.empty()) throw NotRunnable("its log holds no digests");
  if (run.launches.empty()) throw NotRunnable("its record holds no launch");
}

void require_same_files(const RunView& run) {
  for (const RunData& data : run.data) {
    for (const RunDataFile& file : data.files) {
      if (!std::filesystem::exists(file.path)) throw NotRunnable(fmt::format("data changed: {} is gone", file.path));
      if (sha256_file(file.path) != file.sha256)
        throw NotRunnable(fmt::format("data changed: {} is not the file that the run read", file.path));
    }
  }
}

// Empty, or how the record's final digest parts from the log's.
std::string other_final_digest(const RunView& run) {
  const std::string logged = run.log.states.empty() ? "" : run.log.states.rbegin()->second.root;
  if (run.final_digest.empty() || run.final_digest == logged) return "";
  return fmt::format("{}: the final digest is {}, and the log's is {}", (run.folder / "run.json").string(),
                     run.final_digest, logged);
}

// Empty, or the checkpoint that is damaged.
std::string damaged_checkpoint(const RunView& run) {
  for (const CheckpointFile& file : list_checkpoints(run.folder)) {
    try {
      check_whole(as_bytes(read_file(file.entry)), file.entry.path().string());
    } catch (const std::exception& e) { return e.what(); }
  }
  return "";
}

std::string environments(const RunView& run, const Rerun& again) {
  std::vector<std::string> parts;
  for (const auto& [name, values] : differences(surroundings(run.launches.at(0)), again.surroundings)) {
    if (name == "commit" || name == "uncommitted changes") continue;  // of the executable, which is the kept one
    parts.push_back(fmt::format("{} was {} and is {}", name, values.first.empty() ? "none" : values.first,
                                values.second.empty() ? "none" : values.second));
  }
  return parts.empty() ? "" : fmt::format("; environments differ: {}", fmt::join(parts, ", "));
}

// Metrics are not digested, as a program may log times; but one that differs may also be made of what a resume forgot.
std::string metrics_note(const Replayed& again) {
  if (again.other_metrics.empty()) return "";
  return fmt::format("; metrics that came out otherwise, as times do, or sums kept outside run.track: {}",
                     fmt::join(again.other_metrics, ", "));
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

// Replays the run as often as the options ask, until there is a difference.
void replay(Verdict& verdict, const RunView& run, const VerifyOptions& options, const VerifyProgress& progress) {
  const ScratchFolder scratch("stet-verify");
  const auto stretches = stretches_of(run);
  const Rerun again = rerun(run, stretches, scratch.path() / "whole", options, progress);
  verdict.outcome = Verdict::Outcome::not_verified;
  verdict.whole = again.result;
  if (const auto& parting = again.result.first_difference) {
    verdict.line = fmt::format("not verified: {}{}", parting->what, environments(run, again));
    return;
  }
  verdict.line = fmt::format("verified: {} of {} steps run, {} of {} digests equal", again.result.steps, run.steps,
                             again.result.digests_equal, again.result.digests) +
                 metrics_note(again.result);
  if (options.resumes) {
    const auto parts = cut(run, stretches, restart_ticks(run));
    verdict.resumed = rerun(run, parts, scratch.path() / "resumed", options, progress).result;
    if (const auto& parting = verdict.resumed->first_difference) {
      verdict.line = fmt::format(
          "not verified: the whole run gives the same digests, but resumed from its checkpoints it does not: there is "
          "state outside run.track; {}",
          parting->what);
      return;
    }
    verdict.line += fmt::format(", and from {} checkpoints too", parts.size() - 1) + metrics_note(*verdict.resumed);
  }
  verdict.outcome = Verdict::Outcome::verified;
}

Verdict judge(const RunView& run, const VerifyOptions& options, const VerifyProgress& progress) {
  Verdict verdict;
  verdict.steps = run.steps;
  require_runnable(run, options);
  verdict.reason = damaged_checkpoint(run);
  if (verdict.reason.empty()) verdict.reason = other_final_digest(run);
  if (!verdict.reason.empty()) {
    verdict.outcome = Verdict::Outcome::not_verified;
    verdict.line = "not verified: " + verdict.reason;
    return verdict;
  }
  require_same_files(run);
  replay(verdict, run, options, progress);
  return verdict;
}

Verdict impossible(const RunView& run, const std::string& why) {
  Verdict verdict;
  verdict.steps = run.steps;
  verdict.reason = why;
  verdict.line = "can't be verified: " + why;
  return verdict;
}

}  // namespace

Verdict verify(const RunView& run, const VerifyOptions& options, const VerifyProgress& progress) {
  try {
    return judge(run, options, progress);
  } catch (const NotRunnable& e) { return impossible(run, e.what()); } catch (const DataError& e) {
    return impossible(run, e.what());
  } catch (const IoError& e) { return impossible(run, e.what()); }
}

}  // namespace stet::tracking
