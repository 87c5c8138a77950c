#include "stet/tracking/keeping/garbage.h"

#include <algorithm>
#include <utility>

#include "stet/tensor/error.h"
#include "stet/tracking/reading/tree_size.h"
#include "stet/tracking/record/clock.h"

namespace stet::tracking {
namespace {

// What lies in the trash, or among what arrives, and is no run there.
constexpr std::string_view kTrashPrefix = ".trash/", kIncomingPrefix = ".incoming/";

void find_in_trash(Garbage& found, const Path& path) {
  const double now = unix_time();
  for (const TrashedRun& run : trashed_runs(path)) {
    if (now - run.removed < found.rules.trash_age) continue;
    try {
      TreeSize size = tree_size(Folder(run.folder));
      found.trash.push_back({run, size.bytes, std::move(size.links)});
    } catch (const Error& e) { found.remarks.emplace_back(e.what()); }
  }
}

void find_leftovers(Garbage& found, const Path& path) {
  const auto trash = find_trash(path);
  for (const std::string& name : half_deleted(path)) {
    const bool is_folder = look_at(*trash / name).kind == EntryStatus::Kind::folder;
    found.leftovers.push_back(
        {std::string(kTrashPrefix) + name, is_folder ? tree_size(Folder(*trash / name)).bytes : 0});
  }
  for (const Arriving& arriving : arriving_runs(path)) {
    if (arriving.age > kStaleArrival)
      found.leftovers.push_back({std::string(kIncomingPrefix) + arriving.name, arriving.bytes});
  }
}

void find_superseded(Garbage& found) {
  if (!found.rules.checkpoints) return;
  for (const Path& run : found.rules.of) {
    try {
      Superseded superseded = superseded_checkpoints(run, *found.rules.checkpoints);
      if (!superseded.files.empty()) found.checkpoints.push_back(std::move(superseded));
    } catch (const Error& e) { found.remarks.emplace_back(e.what()); }
  }
}

// Links in a folder of runs lead elsewhere: what they lead to is not looked for anything to delete.
void name_links(Garbage& found, const Folder& runs) {
  for (const std::string& name : runs.names()) {
    if (look_at(runs / name).kind == EntryStatus::Kind::other)
      found.remarks.push_back((runs / name).path().string() + ": is a link, and left alone");
  }
}

// Tries one deletion; what it frees counts if it is done.
template <class F> void attempt(Collected& collected, const F& f) {
  try {
    collected.bytes += f();
  } catch (const Error& e) { collected.problems.emplace_back(e.what()); }
}

// A copy may go on with a run that was left over: then it stays. It is taken away whole, so that one which goes on at
// this moment finds nothing, and not a part.
int64_t delete_arrived(FileSystem& fs, const Path& path, const NamedFile& left) {
  const std::string name = left.name.substr(kIncomingPrefix.size());
  const std::vector<Arriving> arriving = arriving_runs(path);
  const auto found = std::ranges::find(arriving, name, &Arriving::name);
  if (found == arriving.end()) return 0;
  if (found->age <= kStaleArrival) raise("{}: arrives again, and is left alone", found->folder.string());
  const Folder runs(path), trash = make_trash(fs, runs);
  const Entry gone = trash / half_deleted_name();
  fs.rename(Folder(runs / kIncomingFolder) / name, gone);
  fs.sync_directory(trash);
  remove_all(fs, gone);
  return left.bytes;
}

int64_t delete_leftover(FileSystem& fs, const Path& path, const NamedFile& left) {
  if (left.name.starts_with(kIncomingPrefix)) return delete_arrived(fs, path, left);
  if (const auto trash = find_trash(path)) remove_all(fs, *trash / left.name.substr(kTrashPrefix.size()));
  return left.bytes;
}

int64_t delete_all_programs(FileSystem& fs, const Path& runs, const std::vector<NamedFile>& files) {
  const std::vector<std::string> deleted = delete_programs(fs, runs, files);
  int64_t bytes = 0;
  for (const NamedFile& file : files) {
    const bool is_gone = std::ranges::any_of(deleted, [&](const auto& name) { return file.name.ends_with(name); });
    if (is_gone) bytes += file.bytes;
  }
  return bytes;
}

}  // namespace

int64_t Garbage::bytes() const {
  int64_t sum = bytes_of(programs) + bytes_of(leftovers);
  for (const Removed& removed : trash) sum += removed.bytes;
  for (const Superseded& superseded : checkpoints) sum += bytes_of(superseded.files);
  return sum;
}

Garbage find_garbage(const Path& runs, const GarbageRules& rules) {
  Garbage found;
  found.rules = rules;
  find_in_trash(found, runs);
  find_leftovers(found, runs);
  ProgramNeeds needs = program_needs(runs);
  found.programs = unneeded_programs(runs, needs, rules.program_age);
  for (const std::string& unknown : needs.unknown)
    found.remarks.push_back(unknown + "; kept programs stay, as it may need one");
  find_superseded(found);
  name_links(found, runs);
  return found;
}

// What frees space without taking any comes first, for a disk that is full.
Collected collect(FileSystem& fs, const Path& path, const Garbage& garbage) {
  Collected collected;
  for (const NamedFile& left : garbage.leftovers) {
    attempt(collected, [&] { return delete_leftover(fs, path, left); });
  }
  for (const Garbage::Removed& removed : garbage.trash) {
    attempt(collected, [&] {
      delete_trashed(fs, path, removed.run);
      return removed.bytes;
    });
  }
  attempt(collected, [&] { return delete_all_programs(fs, path, garbage.programs); });
  for (const Superseded& superseded : garbage.checkpoints)
    attempt(collected, [&] { return bytes_of(delete_superseded(fs, superseded, *garbage.rules.checkpoints)); });
  return collected;
}

}  // namespace stet::tracking
