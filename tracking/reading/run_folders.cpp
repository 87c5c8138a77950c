#include "stet/tracking/reading/run_folders.h"

#include <algorithm>
#include <cerrno>

#include "stet/tensor/error.h"
#include "stet/tracking/capture/program.h"
#include "stet/tracking/record/event_log.h"

namespace stet::tracking {
namespace {

using Kind = EntryStatus::Kind;

// None where it is no folder, or has become none meanwhile.
std::optional<Folder> open_folder(const Entry& entry) {
  if (look_at(entry).kind != Kind::folder) return {};
  try {
    return Folder(entry);
  } catch (const IoError& e) {
    if (e.code == ENOENT || e.code == ENOTDIR || e.code == ELOOP) return {};
    throw;
  }
}

}  // namespace

std::optional<Folder> open_among(const Folder& runs, const std::string& name) {
  if (name.starts_with('.') || name == kProgramsFolder) return {};
  std::optional<Folder> run = open_folder(runs / name);
  if (!run || is_file(*run / "run.json")) return run;
  const std::vector<std::string> names = run->names();  // throws where it can't be entered
  if (std::ranges::any_of(names, is_segment_name))
    raise<DataError>("{}: holds a log and no run.json that is a file: no record of a run", run->path().string());
  return {};
}

RunFolders list_run_folders(const Path& path) {
  RunFolders found;
  if (!std::filesystem::exists(path)) return found;
  const Folder runs(path);
  for (const std::string& name : runs.names()) {
    try {
      if (open_among(runs, name)) found.runs.push_back(path / name);
    } catch (const Error& e) { found.unreadable.push_back({path / name, e.what()}); }
  }
  return found;
}

}  // namespace stet::tracking
