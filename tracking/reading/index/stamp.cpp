#include "stet/tracking/reading/index/stamp.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "stet/tensor/files.h"
#include "stet/tracking/record/event_log.h"

namespace stet::tracking {
namespace {

struct Times {
  uint64_t inode = 0;  // 0: there is none
  int64_t size = 0, modified = 0, changed = 0;
  bool operator==(const Times&) const = default;
};

// An entry of a stamp: a name, a zero, its times.
struct StampEntry {
  std::string_view name;
  Times times;
};

int64_t nanoseconds(const timespec& t) { return static_cast<int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec; }

Times times_of(int runs, const std::string& path) {
  struct stat status {};
  if (::fstatat(runs, path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};
  // A folder's size is its file system's affair.
  return {status.st_ino, S_ISDIR(status.st_mode) ? 0 : status.st_size, nanoseconds(status.st_mtim),
          nanoseconds(status.st_ctim)};
}

// A run's own folder. It is looked at by its name among runs, where a link that takes its place is seen.
constexpr char kItself[] = ".";

std::string path_of(const std::string& folder, std::string_view name) {
  std::string path = folder;
  if (name != kItself) path.append("/").append(name);
  return path;
}

// Takes the first entry off a stamp.
StampEntry take(std::string_view& stamp) {
  StampEntry entry;
  const size_t length = stamp.find('\0');
  if (length == stamp.npos || stamp.size() < length + 1 + sizeof(Times)) {
    stamp = {};
    return entry;
  }
  entry.name = stamp.substr(0, length);
  std::memcpy(&entry.times, stamp.data() + length + 1, sizeof(Times));
  stamp.remove_prefix(length + 1 + sizeof(Times));
  return entry;
}

void put(std::string& stamp, std::string_view name, const Times& times) {
  stamp += name;
  stamp += '\0';
  stamp.append(reinterpret_cast<const char*>(&times), sizeof times);
}

bool is_log(std::string_view name) { return is_segment_name(name); }

// The names in a folder, in order: none in what is no folder. Nothing where it can't be listed now.
std::optional<std::vector<std::string>> names_in(int runs, const std::string& folder, int flags) {
  std::vector<std::string> names;
  Descriptor fd(::openat(runs, folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags));
  if (fd.get() < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return names;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fd.get() < 0 ? nullptr : ::fdopendir(fd.get()), ::closedir);
  if (!stream) return {};
  fd.release();
  while (const dirent* entry = ::readdir(stream.get())) names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

// Stands for what could not be listed. No file is of these times, so that it is looked for again.
constexpr std::string_view kUnlisted = "?";
constexpr Times kNever{1, 0, std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::max()};

class Stamp {
 public:
  Stamp(int runs, std::string folder) : runs_(runs), folder_(std::move(folder)) {}

  // False where there is no such thing, which the times of the folder that would hold it tell.
  bool add(const std::string& name) {
    const Times times = times_of(runs_, path_of(folder_, name));
    if (times.inode != 0) put(text_, name, times);
    return times.inode != 0;
  }

  void add_log() { add_names(names_in(runs_, folder_, 0), "", is_log); }
  void add_notes() {
    if (!add("notes")) return;
    add_names(names_in(runs_, folder_ + "/notes", O_NOFOLLOW), "notes/",
              [](const std::string& name) { return !name.starts_with('.'); });
  }

  std::string take() { return std::move(text_); }

 private:
  template <class Wanted>
  void add_names(const std::optional<std::vector<std::string>>& names, const std::string& below, const Wanted& wanted) {
    if (!names) return put(text_, kUnlisted, kNever);
    for (const std::string& name : *names) {
      if (wanted(name)) add(below + name);
    }
  }

  int runs_;
  std::string folder_, text_;
};

}  // namespace

std::string stamp_of(int runs, const std::string& folder) {
  Stamp stamp(runs, folder);
  for (const char* name : {"run.json", kItself, "checkpoints", "artifacts", "source"}) stamp.add(name);
  stamp.add_notes();
  stamp.add_log();
  return stamp.take();
}

Freshness compare(int runs, const std::string& folder, std::string_view stamp) {
  bool same = true, appended = true;
  while (!stamp.empty()) {
    const StampEntry before = take(stamp);
    const Times now = times_of(runs, path_of(folder, before.name));
    if (now == before.times) continue;
    same = false;
    const bool is_last = stamp.empty();
    if (before.name == kUnlisted) appended = false;
    if (is_log(before.name))
      appended = appended && is_last && now.inode == before.times.inode && now.size > before.times.size;
  }
  return same ? Freshness::same : appended ? Freshness::grown : Freshness::changed;
}

int64_t log_bytes(std::string_view stamp) {
  int64_t bytes = 0;
  while (!stamp.empty()) {
    const StampEntry entry = take(stamp);
    if (is_log(entry.name)) bytes += entry.times.size;
  }
  return bytes;
}

bool is_settled(std::string_view stamp) {
  int64_t latest = 0;
  while (!stamp.empty()) {
    const Times times = take(stamp).times;
    latest = std::max({latest, times.modified, times.changed});
  }
  return stet::is_settled(latest);
}

}  // namespace stet::tracking
