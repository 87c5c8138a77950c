#include "stet/tracking/reading/scratch_folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <ctime>
#include <vector>

#include "stet/tensor/error.h"

namespace stet::tracking {

using Path = std::filesystem::path;

namespace {

constexpr std::time_t kPatience = 60;  // seconds: one that was made just now may not be locked yet

std::vector<Path> places(const Path& last) {
  std::vector<Path> all;
  if (const char* wish = ::getenv("TMPDIR"); wish && *wish) all.emplace_back(wish);
  all.insert(all.end(), {"/tmp", "/var/tmp", "/dev/shm", last});
  return all;
}

bool runs_programs(const Path& folder) {
  struct statvfs mount {};
  return ::statvfs(folder.c_str(), &mount) == 0 && (mount.f_flag & ST_NOEXEC) == 0;
}

Descriptor open_folder(const Path& folder) {
  return Descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

bool is_left_over(const Path& folder) {
  const Descriptor fd = open_folder(folder);
  struct stat status {};
  return fd.get() >= 0 && ::fstat(fd.get(), &status) == 0 && status.st_uid == ::geteuid() &&
         std::time(nullptr) - status.st_mtime > kPatience && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
}

void remove_left_over(const Path& place, const std::string& prefix) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(place, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix + "-") && name.size() == prefix.size() + 7 && is_left_over(entry.path()))
      std::filesystem::remove_all(entry.path(), ignored);
  }
}

}  // namespace

ScratchFolder::ScratchFolder(const std::string& prefix, const Path& last) {
  for (const Path& place : places(last)) {
    if (!runs_programs(place)) continue;
    std::error_code failed;
    std::string name = (std::filesystem::absolute(place, failed) / (prefix + "-XXXXXX")).string();
    if (failed || ::mkdtemp(name.data()) == nullptr) continue;
    path_ = name;
    held_ = open_folder(path_);
    ::flock(held_.get(), LOCK_EX | LOCK_NB);
    remove_left_over(place, prefix);
    return;
  }
  raise<DataError>("no folder to run a program in; set TMPDIR to one that can be written and is not mounted noexec");
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace stet::tracking
