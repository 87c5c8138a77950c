#include "stet/tracking/keeping/kept_programs.h"

#include <cerrno>
#include <ctime>
#include <optional>

#include "stet/tensor/error.h"
#include "stet/tracking/capture/program.h"
#include "stet/tracking/keeping/arriving.h"
#include "stet/tracking/keeping/trash.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {
namespace {

constexpr std::string_view kSetAside = ".gone-", kUnfinished = ".new-";
constexpr double kUnfinishedAge = 3600;  // seconds; as those who make them take them for left over

// A run is made, or held, before its program is kept, and names it after.
bool is_starting(const Folder& run, const record::RunRecord& record) {
  if (!is_held(run)) return false;
  if (record.launches_size() == 0) return true;
  const record::Launch& last = record.launches(record.launches_size() - 1);
  const auto holder = read_holder(run);
  return last.program().sha256().empty() || !holder || holder->pid != last.pid() ||
         holder->host != last.machine().host();
}

bool has_record(const Folder& run) {
  try {
    return InputFile(run / "run.json").descriptor() >= 0;
  } catch (const IoError& e) {
    if (e.code == ENOENT) return false;
    throw;
  }
}

// A link to a run is one that may lie elsewhere with its program, or not.
std::optional<Folder> opened(const Path& path) {
  try {
    return Folder(path);
  } catch (const IoError& e) {
    if (e.code == ENOENT || e.code == ENOTDIR) return std::nullopt;
    throw;
  }
}

void add_needs(ProgramNeeds& needs, const Path& path) {
  try {
    const auto run = opened(path);
    if (!run || !has_record(*run)) return;
    const record::RunRecord record = read_record(*run);
    needs.needed.merge(kept_files(record));
    if (is_starting(*run, record)) needs.unknown.push_back(path.string() + ": starts now");
  } catch (const Error& e) { needs.unknown.emplace_back(e.what()); }
}

std::optional<Folder> find_programs(const Path& runs) { return find_folder(Folder(runs) / kProgramsFolder); }

// Deletes or puts back what a deletion has set aside.
std::vector<std::string> settle(FileSystem& fs, const Path& runs, const Folder& programs) {
  std::vector<std::string> deleted;
  const ProgramNeeds needs = program_needs(runs);
  for (const std::string& aside : programs.names()) {
    if (!aside.starts_with(kSetAside)) continue;
    const std::string name = aside.substr(kSetAside.size());
    const bool stays = is_kept_name(name) && (!needs.unknown.empty() || needs.needed.contains(name));
    if (stays && look_at(programs / name).kind == EntryStatus::Kind::none) {
      fs.rename(programs / aside, programs / name);
      continue;
    }
    fs.remove(programs / aside);
    if (!stays) deleted.push_back(name);
  }
  return deleted;
}

}  // namespace

int64_t bytes_of(const std::vector<NamedFile>& files) {
  int64_t bytes = 0;
  for (const NamedFile& file : files) bytes += file.bytes;
  return bytes;
}

ProgramNeeds program_needs(const Path& path) {
  ProgramNeeds needs;
  const Folder runs(path);
  for (const std::string& name : runs.names()) {
    if (!name.starts_with('.') && name != kProgramsFolder) add_needs(needs, (runs / name).path());
  }
  for (const TrashedRun& run : trashed_runs(path)) add_needs(needs, run.folder);
  for (const Arriving& arriving : arriving_runs(path)) {
    add_needs(needs, arriving.folder);
    if (arriving.age < kStaleArrival) needs.unknown.push_back(arriving.folder.string() + ": a run arrives now");
  }
  return needs;
}

std::vector<NamedFile> unneeded_programs(const Path& runs, const ProgramNeeds& needs, double age) {
  std::vector<NamedFile> files;
  const auto programs = find_programs(runs);
  if (!programs) return files;
  const auto now = static_cast<double>(std::time(nullptr));
  for (const std::string& name : programs->names()) {
    const EntryStatus status = look_at(*programs / name);
    if (status.kind != EntryStatus::Kind::file) continue;
    const double old = now - static_cast<double>(status.modified);
    const bool unneeded = is_kept_name(name) && needs.unknown.empty() && !needs.needed.contains(name) && old > age;
    const bool unfinished = name.starts_with(kUnfinished) && old > kUnfinishedAge;
    const bool half_deleted =
        name.starts_with(kSetAside) && needs.unknown.empty() && !needs.needed.contains(name.substr(kSetAside.size()));
    if (unneeded || unfinished || half_deleted) files.push_back({name, status.size});
  }
  return files;
}

std::vector<std::string> delete_programs(FileSystem& fs, const Path& runs, const std::vector<NamedFile>& files) {
  const auto programs = find_programs(runs);
  if (!programs) return {};
  std::vector<std::string> unfinished;
  for (const NamedFile& file : files) {
    if (file.name.starts_with(kUnfinished)) {
      fs.remove(*programs / file.name);
      unfinished.push_back(file.name);
    }
    if (is_kept_name(file.name) && is_file(*programs / file.name))
      fs.rename(*programs / file.name, *programs / (std::string(kSetAside) + file.name));
  }
  std::vector<std::string> deleted = settle(fs, runs, *programs);
  deleted.insert(deleted.end(), unfinished.begin(), unfinished.end());
  fs.sync_directory(*programs);
  return deleted;
}

}  // namespace stet::tracking
