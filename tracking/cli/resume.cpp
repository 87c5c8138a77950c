// stet resume.
#include <fmt/format.h>
#include <stdlib.h>

#include <csignal>
#include <filesystem>

#include "stet/tensor/error.h"
#include "stet/tracking/capture/program.h"
#include "stet/tracking/cli/commands.h"
#include "stet/tracking/reading/run_view.h"
#include "stet/tracking/reading/subprocess.h"

namespace stet::tracking {
namespace {

// Where it lay when the run was launched, if it is still the same program, else the kept one.
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

}  // namespace

int resume(const Common& common, const std::string& run, const std::vector<std::string>& flags) {
  const Path folder = std::filesystem::absolute(find_run(common.runs, run)).lexically_normal();
  const auto record = read_record(folder);
  const record::Launch& launch = last_with_program(record);
  std::string scratch = (std::filesystem::temp_directory_path() / "stet-resume-XXXXXX").string();
  if (::mkdtemp(scratch.data()) == nullptr)
    raise<DataError>("{}: can't make a scratch folder; set TMPDIR to one that can be written", scratch);
  struct Remove {
    Path path;
    ~Remove() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  } remove{scratch};
  const RunnableProgram program = find_program(folder.parent_path(), launch.program(), Path(scratch) / "program");
  std::error_code none;
  Command command{.program = program.executable,
                  .arguments = {"--runs=" + folder.parent_path().string(), "--resume=" + folder.filename().string()},
                  .environment = {},
                  .cwd = std::filesystem::is_directory(launch.cwd(), none) ? Path(launch.cwd()) : Path(),
                  .output = {}};
  if (!program.library_folder.empty()) command.environment["LD_LIBRARY_PATH"] = program.library_folder.string();
  command.arguments.insert(command.arguments.end(), flags.begin(), flags.end());
  Subprocess child(command);
  // Ctrl-C reaches the program as well: it saves a checkpoint, and this one waits for it.
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGTERM, SIG_IGN);
  return child.wait();
}

}  // namespace stet::tracking
