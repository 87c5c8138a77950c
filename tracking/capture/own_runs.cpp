#include "stet/tracking/capture/own_runs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stet/tensor/error.h"
#include "stet/tensor/hash_cache.h"

namespace stet::tracking {
namespace {

constexpr char kFileName[] = "runs";

std::filesystem::path state_folder() { return user_folder("XDG_STATE_HOME", ".local/state"); }

Descriptor open_list(int flags) {
  const auto folder = state_folder();
  const Descriptor opened = folder.empty() ? Descriptor() : open_own_folder(folder);
  if (opened.get() < 0) return Descriptor();
  Descriptor fd(retry_interrupted(
      [&] { return ::openat(opened.get(), kFileName, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600); }));
  struct stat status {};
  const bool ours = fd.get() >= 0 && ::fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode) &&
                    status.st_uid == ::geteuid() && (status.st_mode & 022) == 0;
  return ours ? std::move(fd) : Descriptor();
}

}  // namespace

void note_own_run(const std::string& id, const std::string& program) {
  const auto path = state_folder() / kFileName;
  const Descriptor list = open_list(O_WRONLY | O_CREAT | O_APPEND);
  if (list.get() < 0) throw IoError(fmt::format("{}: can't be written, or is another user's", path.string()), EACCES);
  const std::string line = "\n" + id + " " + program + "\n";  // behind what a full disk cut
  write_all(list, std::as_bytes(std::span(line)), path);
}

bool is_own_run(const std::string& id, const std::string& program) {
  const Descriptor list = open_list(O_RDONLY);
  if (list.get() < 0 || id.empty() || (id + program).find('\n') != id.npos) return false;
  try {
    return read_all(list, kFileName).find("\n" + id + " " + program + "\n") != std::string::npos;
  } catch (const IoError&) { return false; }
}

}  // namespace stet::tracking
