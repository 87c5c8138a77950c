#include "stet/tracking/keeping/trash.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <map>

#include "stet/tensor/error.h"

namespace stet::tracking {
namespace {

constexpr std::string_view kTrash = ".trash", kHalfDeleted = ".gone-";

// The time that a name as 20261128-143000-1231a2b says; none where it says none.
std::optional<double> time_of(const std::string& name) {
  std::tm utc{};
  int milliseconds = 0, length = 0;
  const int read = std::sscanf(name.c_str(), "%4d%2d%2d-%2d%2d%2d-%3d%*4[0-9a-f]%n", &utc.tm_year, &utc.tm_mon,
                               &utc.tm_mday, &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &milliseconds, &length);
  if (read != 7 || static_cast<size_t>(length) != name.size()) return std::nullopt;
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  return static_cast<double>(::timegm(&utc)) + milliseconds / 1000.0;
}

void require_run(const Folder& runs, const std::string& name) {
  const Entry entry = runs / name;
  switch (look_at(entry).kind) {
    case EntryStatus::Kind::none: raise("{}: is gone", entry.path().string());
    case EntryStatus::Kind::other:
      raise("{}: is a link, which is left alone, and so is what it leads to; remove it by rm", entry.path().string());
    default: break;
  }
  if (name.starts_with('.') || !is_file(Folder(entry) / "run.json"))
    raise("{}: is no run: it has no run.json", entry.path().string());
}

// The folder of one removal, which is made when something goes there.
class Batch {
 public:
  Batch(FileSystem& fs, const Folder& trash) : fs_(fs), trash_(trash) {}
  const Folder& folder() {
    if (!folder_) folder_ = make_folder(fs_, trash_ / new_run_id());
    return *folder_;
  }
  void sync() const {
    if (folder_) fs_.sync_directory(*folder_);
  }
  // In case nothing could be moved to it.
  void remove_if_empty() const {
    if (folder_ && folder_->names().empty()) fs_.remove(trash_ / folder_->path().filename().string());
  }

 private:
  FileSystem& fs_;
  Folder trash_;
  std::optional<Folder> folder_;
};

void remove_if_empty(FileSystem& fs, const Folder& trash, const std::string& batch) {
  const auto folder = find_folder(trash / batch);
  if (folder && folder->names().empty()) fs.remove(trash / batch);
}

Folder require_trash(const Folder& runs) {
  if (auto trash = find_trash(runs)) return std::move(*trash);
  raise("{}: its trash is gone", runs.path().string());
}

}  // namespace

std::optional<Folder> find_trash(const Folder& runs) { return find_folder(runs / kTrash); }

std::optional<RunLock> hold(FileSystem& fs, const Folder& run) {
  const EntryStatus::Kind kind = look_at(run / ".lock").kind;
  if (kind == EntryStatus::Kind::folder || kind == EntryStatus::Kind::other) return std::nullopt;
  return RunLock(fs, run);
}

std::vector<TrashedRun> trashed_runs(const Path& runs) {
  std::vector<TrashedRun> all;
  if (!std::filesystem::exists(runs)) return all;
  const auto trash = find_trash(runs);
  if (!trash) return all;
  for (const std::string& batch : trash->names()) {
    const auto removed = time_of(batch);
    if (!removed || look_at(*trash / batch).kind != EntryStatus::Kind::folder) continue;
    const auto folder = find_folder(*trash / batch);
    for (const std::string& name : folder ? folder->names() : std::vector<std::string>()) {
      if (look_at(*folder / name).kind == EntryStatus::Kind::folder && !name.starts_with('.'))
        all.push_back({batch, name, *removed, (*folder / name).path()});
    }
  }
  return all;
}

Folder make_trash(FileSystem& fs, const Folder& runs) { return make_folder(fs, runs / kTrash); }

std::string half_deleted_name() { return std::string(kHalfDeleted) + new_run_id(); }

std::vector<std::string> half_deleted(const Path& runs) {
  std::vector<std::string> names;
  const auto trash = find_trash(runs);
  if (!trash) return names;
  for (const std::string& name : trash->names()) {
    if (name.starts_with(kHalfDeleted)) names.push_back(name);
  }
  return names;
}

Moved remove_runs(FileSystem& fs, const Path& path, const std::vector<std::string>& names) {
  const Folder runs(path);
  Batch batch(fs, make_trash(fs, runs));
  Moved moved;
  for (const std::string& name : names) {
    try {
      require_run(runs, name);
      const auto held = hold(fs, Folder(runs / name));
      fs.rename(runs / name, batch.folder() / name);
      moved.names.push_back(name);
    } catch (const Error& e) { moved.problems.emplace_back(e.what()); }
  }
  if (moved.names.empty()) batch.remove_if_empty();
  batch.sync();
  fs.sync_directory(runs);
  return moved;
}

Moved restore_runs(FileSystem& fs, const Path& path, const std::vector<TrashedRun>& trashed) {
  const Folder runs(path), trash = require_trash(runs);
  Moved moved;
  for (const TrashedRun& run : trashed) {
    try {
      const Entry back = runs / run.name;
      if (look_at(back).kind != EntryStatus::Kind::none)
        raise("{}: is there; what was removed stays in the trash", back.path().string());
      fs.rename(Folder(trash / run.batch) / run.name, back);
      moved.names.push_back(run.name);
      remove_if_empty(fs, trash, run.batch);
    } catch (const Error& e) { moved.problems.emplace_back(e.what()); }
  }
  fs.sync_directory(runs);
  fs.sync_directory(trash);
  return moved;
}

void delete_trashed(FileSystem& fs, const Path& path, const TrashedRun& trashed) {
  const Folder trash = require_trash(path), batch(trash / trashed.batch);
  const Entry gone = trash / half_deleted_name();
  {
    const auto held = hold(fs, Folder(batch / trashed.name));
    fs.rename(batch / trashed.name, gone);
  }
  remove_if_empty(fs, trash, trashed.batch);
  fs.sync_directory(trash);
  remove_all(fs, gone);
}

}  // namespace stet::tracking
