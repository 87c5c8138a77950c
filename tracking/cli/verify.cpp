// stet verify.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>

#include "stet/tensor/error.h"
#include "stet/tensor/version.h"
#include "stet/tracking/cli/commands.h"
#include "stet/tracking/reading/environment_diff.h"
#include "stet/tracking/reading/rerun.h"
#include "stet/tracking/reading/run_view.h"
#include "stet/tracking/record/checkpoint.h"

namespace stet::tracking {
namespace {

class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "stet-verify-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      raise<DataError>("{}: can't make a scratch folder; set TMPDIR to one that can be written", name);
    path = name;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  Path path;
};

// What a verification came to: verified, not verified and why, or impossible and why.
struct Verdict {
  int status = 0;
  std::string line;
  Json json;
};

Verdict refused(const std::string& why) {
  return {2, "can't be verified: " + why, {{"verified", false}, {"reason", why}}};
}

void require_runnable(const RunView& run, const VerifyOptions& options) {
  if (is_held(run.folder)) throw NotRunnable("the run is running; verify it when it has ended");
  struct stat info {};
  if (::stat(run.folder.c_str(), &info) != 0) throw NotRunnable(run.folder.string() + " can't be read");
  if (info.st_uid != ::geteuid() && !options.run_program) {
    throw NotRunnable("another user wrote the folder, and it holds that user's program; give --run-program to run it");
  }
  if (run.record.numerics() != numerics_version) {
    throw NotRunnable(fmt::format("it was made under version {} of the numerics contract, and this program keeps {}",
                                  run.record.numerics(), numerics_version));
  }
  if (run.log.losses.empty() && run.log.states.empty()) throw NotRunnable("its log holds no digests");
}

void require_same_files(const RunView& run) {
  for (const auto& data : run.record.data()) {
    for (const auto& file : data.files()) {
      if (!std::filesystem::exists(file.path()))
        throw NotRunnable(fmt::format("data changed: {} is gone", file.path()));
      if (sha256_file(file.path()) != file.sha256())
        throw NotRunnable(fmt::format("data changed: {} is not the file that the run read", file.path()));
    }
  }
}

// Empty, or how the record's final digest parts from the log's.
std::string other_final_digest(const RunView& run) {
  const std::string& recorded = run.record.final_digest();
  const std::string logged = run.log.states.empty() ? "" : run.log.states.rbegin()->second.root;
  if (recorded.empty() || recorded == logged) return "";
  return fmt::format("{}: the final digest is {}, and the log's is {}", (run.folder / "run.json").string(), recorded,
                     logged);
}

// Empty, or the checkpoint that is damaged.
std::string damaged_checkpoint(const RunView& run) {
  for (const CheckpointFile& file : list_checkpoints(run.folder)) {
    try {
      check_whole(as_bytes(read_file(file.path)), file.path.string());
    } catch (const std::exception& e) { return e.what(); }
  }
  return "";
}

std::string environments(const RunView& run, const Rerun& again) {
  std::vector<std::string> parts;
  for (const auto& [name, values] : differences(surroundings(run.record.launches(0)), again.surroundings)) {
    if (name == "commit" || name == "uncommitted changes") continue;  // of the executable, which is the kept one
    parts.push_back(fmt::format("{} was {} and is {}", name, values.first.empty() ? "none" : values.first,
                                values.second.empty() ? "none" : values.second));
  }
  return parts.empty() ? "" : fmt::format("; environments differ: {}", fmt::join(parts, ", "));
}

Json to_json(const Rerun& again, int64_t steps) {
  Json json{{"verified", !again.parting},   {"steps", steps},
            {"steps_run", again.steps},     {"digests", again.total},
            {"digests_equal", again.equal}, {"other_metrics", again.other_metrics}};
  if (again.parting) {
    json["first_difference"] = {{"step", again.parting->step},
                                {"same_until", again.parting->same_until},
                                {"tensors", again.parting->tensors},
                                {"what", again.parting->what}};
  }
  return json;
}

// Metrics are not digested, as a program may log times; but one that differs may also be made of what a resume forgot.
std::string metrics_note(const Rerun& again) {
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
  std::set<uint64_t> ticks = thinned(run.log.checkpoint_ticks, 12);
  for (const uint64_t quarter : {1, 2, 3}) ticks.insert(std::max<uint64_t>(1, run.log.last_tick * quarter / 4));
  std::erase_if(ticks, [&](uint64_t t) { return t == 0 || t >= run.log.last_tick; });
  return ticks;
}

class ProgressLine {
 public:
  ProgressLine(const RunView& run, bool shown) : steps_(run.steps()), shown_(shown && ::isatty(STDERR_FILENO) == 1) {}
  ~ProgressLine() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }
  void operator()(int64_t step) const {
    if (shown_)
      std::fprintf(stderr, "\rverifying: step %ld of %ld\033[K", static_cast<long>(step), static_cast<long>(steps_));
  }

 private:
  int64_t steps_;
  bool shown_;
};

Verdict judge(const RunView& run, const VerifyOptions& options, bool show_progress) {
  require_runnable(run, options);
  std::string damage = damaged_checkpoint(run);
  if (damage.empty()) damage = other_final_digest(run);
  if (!damage.empty()) { return {1, "not verified: " + damage, {{"verified", false}, {"reason", damage}}}; }
  require_same_files(run);
  const Scratch scratch;
  const ProgressLine line(run, show_progress);
  const auto progress = [&](int64_t step) { line(step); };
  const auto stretches = stretches_of(run);
  const Rerun again = rerun(run, stretches, scratch.path / "whole", options, progress);
  Verdict verdict{0, "", to_json(again, run.steps())};
  if (again.parting) {
    verdict.status = 1;
    verdict.line = fmt::format("not verified: {}{}", again.parting->what, environments(run, again));
    return verdict;
  }
  verdict.line = fmt::format("verified: {} of {} steps run, {} of {} digests equal", again.steps, run.steps(),
                             again.equal, again.total) +
                 metrics_note(again);
  if (!options.resumes) return verdict;
  const auto parts = cut(run, stretches, restart_ticks(run));
  const Rerun resumed = rerun(run, parts, scratch.path / "resumed", options, progress);
  verdict.json["resumes"] = to_json(resumed, run.steps());
  if (resumed.parting) {
    verdict.status = 1;
    verdict.json["verified"] = false;
    verdict.line = fmt::format(
        "not verified: the whole run gives the same digests, but resumed from its checkpoints it does not: there is "
        "state outside run.track; {}",
        resumed.parting->what);
  } else {
    verdict.line += fmt::format(", and from {} checkpoints too", parts.size() - 1) + metrics_note(resumed);
  }
  return verdict;
}

void leave_report(const RunView& run, const VerifyOptions& options, const Verdict& verdict) {
  Json report = verdict.json;
  report["result"] = verdict.line;
  report["options"] = {
      {"threads", options.threads}, {"isa", options.isa}, {"device", options.device}, {"resumes", options.resumes}};
  const std::string name = fmt::format("verify-{:%Y%m%d-%H%M%S}-{}.json", fmt::gmtime(std::time(nullptr)), ::getpid());
  try {
    file_system().make_directory(run.folder / "notes");
    const std::string text = report.dump(2) + "\n";
    replace_file(file_system(), run.folder / "notes" / name, as_bytes(text));
  } catch (const IoError& e) { fmt::print(stderr, "stet: the report could not be written: {}\n", e.what()); }
}

}  // namespace

int verify(const Common& common, const std::string& which, const VerifyOptions& options) {
  const RunView run(find_run(common.runs, which));
  Verdict verdict;
  try {
    verdict = judge(run, options, !common.json);
  } catch (const NotRunnable& e) { verdict = refused(e.what()); } catch (const DataError& e) {
    verdict = refused(e.what());
  } catch (const IoError& e) { verdict = refused(e.what()); }
  if (!is_held(run.folder)) leave_report(run, options, verdict);
  verdict.json["result"] = verdict.line;
  if (common.json) fmt::print("{}\n", verdict.json.dump(2));
  else fmt::print(verdict.status == 0 ? stdout : stderr, "{}\n", verdict.line);
  return verdict.status;
}

}  // namespace stet::tracking
