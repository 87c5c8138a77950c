// stet resume.
#include <csignal>
#include <filesystem>
#include <memory>

#include "stet/tensor/error.h"
#include "stet/tracking/capture/program.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/reading/scratch_folder.h"
#include "stet/tracking/reading/subprocess.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking::cli {
namespace {

struct Options {
  std::string run;
  std::vector<std::string> flags;  // for the program
};

// Where it lay when the run was launched, if it is still the same program, else
// the kept one.
RunnableProgram find_program(const Path& runs, const record::Program& program, const Path& scratch) {
  std::error_code none;
  if (std::filesystem::is_regular_file(program.path(), none) && sha256_file(program.path()) == program.sha256())
    return {program.path(), {}};
  return lay_out_program(file_system(), runs, program, scratch);
}

const record::Launch& last_with_program(const record::RunRecord& record) {
  for (int i = record.launches_size() - 1; i >= 0; --i) {
    if (!record.launches(i).program().sha256().empty()) return record.launches(i);
  }
  raise("run {}: was killed before its program was kept; start it again", record.id());
}

int resume_run(const Common& common, const Options& options) {
  const Path folder = std::filesystem::absolute(find_run(common.runs, options.run)).lexically_normal();
  const auto record = read_record(folder);
  const record::Launch& launch = last_with_program(record);
  const ScratchFolder scratch("stet-resume");
  const RunnableProgram program = find_program(folder.parent_path(), launch.program(), scratch.path() / "program");
  std::error_code none;
  Command command{.program = program.executable,
                  .arguments = {"--runs=" + folder.parent_path().string(), "--resume=" + folder.filename().string()},
                  .environment = {},
                  .cwd = std::filesystem::is_directory(launch.cwd(), none) ? Path(launch.cwd()) : Path(),
                  .output = {}};
  if (!program.library_folder.empty()) command.environment["LD_LIBRARY_PATH"] = program.library_folder.string();
  command.arguments.insert(command.arguments.end(), options.flags.begin(), options.flags.end());
  Subprocess child(command);
  // Ctrl-C reaches the program as well: it saves a checkpoint, and this one
  // waits for it.
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGTERM, SIG_IGN);
  return child.wait();
}

}  // namespace

Verb resume() {
  const auto options = std::make_shared<Options>();
  return {"resume",
          "Go on with a run that was stopped or killed; further flags go to its "
          "program",
          [options](Arguments& arguments) {
            arguments.word("RUN", options->run, "which run");
            arguments.rest(options->flags);
          },
          [options](const Common& common) { return resume_run(common, *options); }};
}

}  // namespace stet::tracking::cli
