// stet resume.
#include <csignal>
#include <filesystem>
#include <memory>

#include "stet/tensor/error.h"
#include "stet/tracking/capture/program.h"
#include "stet/tracking/cli/signals.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/reading/runs.h"
#include "stet/tracking/reading/scratch_folder.h"
#include "stet/tracking/reading/subprocess.h"
#include "stet/tracking/reading/trust.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "stet/tracking/record/seal.h"

namespace stet::tracking::cli {
namespace {

struct Options {
  std::string run;
  bool trust = false;
  std::vector<std::string> flags;  // for the program
};

const record::Launch& last_with_program(const record::RunRecord& record) {
  for (int i = record.launches_size() - 1; i >= 0; --i) {
    if (!record.launches(i).program().sha256().empty()) return record.launches(i);
  }
  raise("run {}: was killed before its program was kept; start it again", record.id());
}

void require_trust(const Folder& run, const Folder& runs, const record::RunRecord& record,
                   const record::Launch& launch) {
  const std::string why = why_distrusted(run, runs, record, {launch.program()});
  if (!why.empty()) raise("run {}: {}", record.id(), why);
}

// Before its record says what to run.
void require_unaltered(const Folder& run, const record::RunRecord& record) {
  const SealCheck seal = check_seal(run, SealDepth::record_and_log);
  if (seal.state == SealState::altered) raise("run {}: {}; restore what was changed", record.id(), seal.line());
}

// The program runs in its own folder: a relative place is the user's, and is settled here.
std::vector<std::string> with_places_settled(std::vector<std::string> flags, const record::RunRecord& record) {
  const auto settled = [](const std::string& place) {
    return place.empty() ? place : std::filesystem::absolute(place).lexically_normal().string();
  };
  for (const auto& place : record.places()) {
    const std::string flag = "--" + place.name();
    for (size_t i = 0; i < flags.size(); ++i) {
      if (flags[i].starts_with(flag + "=")) flags[i] = flag + "=" + settled(flags[i].substr(flag.size() + 1));
      else if (flags[i] == flag && i + 1 < flags.size()) flags[i + 1] = settled(flags[i + 1]);
    }
  }
  return flags;
}

int resume_run(const Common& common, const Options& options) {
  const Path path = std::filesystem::absolute(Runs(common.runs).folder_of(options.run)).lexically_normal();
  const Folder run(path), runs(path.parent_path());
  const auto record = read_record(run);
  require_unaltered(run, record);
  const record::Launch& launch = last_with_program(record);
  if (!options.trust) require_trust(run, runs, record, launch);
  NotedSignals signals;
  const ScratchFolder scratch("stet-resume", runs.path());
  const RunnableProgram program = lay_out_program(file_system(), runs, launch.program(), scratch.path() / "program");
  std::error_code none;
  Command command{.program = program.executable,
                  .arguments = {"--runs=" + runs.path().string(), "--resume=" + path.string()},
                  .environment = program.environment,
                  .cwd = std::filesystem::is_directory(launch.cwd(), none) ? Path(launch.cwd()) : Path(),
                  .output = {}};
  const auto flags = with_places_settled(options.flags, record);
  command.arguments.insert(command.arguments.end(), flags.begin(), flags.end());
  command.end_signal = SIGTERM;  // it saves a checkpoint
  Subprocess child(command);
  signals.pass_on_to(child.id());
  return child.wait();
}

}  // namespace

Verb resume() {
  const auto options = std::make_shared<Options>();
  return {"resume",
          "Go on with a run that was stopped or killed; further flags go to its "
          "program",
          {{{"stet resume latest", "go on with the newest run"},
            {"stet resume mnist --max-steps 2000", "go on, and stop with a checkpoint after 2000 steps"}}},
          [options](Arguments& arguments) {
            arguments.word("RUN", options->run, "which run", Takes::run);
            arguments.trust(options->trust);
            arguments.rest(options->flags, Takes::file);
          },
          [options](const Common& common) { return resume_run(common, *options); },
          /*answers_json=*/false};
}

}  // namespace stet::tracking::cli
