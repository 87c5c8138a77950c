#include "stet/data/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "stet/tensor/error.h"

namespace stet::data {
namespace fs = std::filesystem;
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int close() {
    const int result = fd_ < 0 ? 0 : ::close(fd_);
    fd_ = -1;
    return result;
  }

 private:
  int fd_;
};

[[noreturn]] void read_failed(const std::string& name, int code) {
  raise<DataError>("data: {}: {}", name, std::strerror(code));
}

[[noreturn]] void write_failed(const fs::path& path, int code) {
  throw IoError(fmt::format("data: can't write {}: {}", path.string(), std::strerror(code)), code);
}

std::string absolute_path(const fs::path& path) {
  std::error_code error;
  const fs::path result = fs::canonical(path, error);
  return (error ? path : result).string();
}

}  // namespace

FileBytes read_file(const fs::path& path) {
  FileBytes file;
  file.name = path.string();
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) read_failed(file.name, errno);
  struct stat status;
  if (::fstat(fd.get(), &status) != 0) read_failed(file.name, errno);
  if (S_ISDIR(status.st_mode)) read_failed(file.name, EISDIR);
  file.version = {absolute_path(path), status.st_size,
                  int64_t{status.st_mtim.tv_sec} * 1000000000 + status.st_mtim.tv_nsec};

  // A pipe states no size, and a file may grow while it is read: the end is where read says so.
  size_t used = 0;
  file.bytes.resize(static_cast<size_t>(status.st_size) + 1);
  for (;;) {
    if (used == file.bytes.size()) file.bytes.resize(2 * used);
    const ssize_t got = ::read(fd.get(), file.bytes.data() + used, file.bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) read_failed(file.name, errno);
    if (got == 0) break;
    used += static_cast<size_t>(got);
  }
  file.bytes.resize(used);
  return file;
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  static std::atomic<int> counter{0};
  const fs::path aside = path.string() + fmt::format(".new-{}-{}", ::getpid(), counter++);
  Descriptor fd(::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (fd.get() < 0) write_failed(path, errno);
  int failure = 0;
  while (!bytes.empty() && failure == 0) {
    const ssize_t wrote = ::write(fd.get(), bytes.data(), bytes.size());
    if (wrote >= 0) bytes.remove_prefix(static_cast<size_t>(wrote));
    else if (errno != EINTR) failure = errno;
  }
  if (failure == 0 && ::fsync(fd.get()) != 0) failure = errno;
  if (fd.close() != 0 && failure == 0) failure = errno;
  if (failure == 0 && ::rename(aside.c_str(), path.c_str()) != 0) failure = errno;
  if (failure == 0) return;
  ::unlink(aside.c_str());
  write_failed(path, failure);
}

fs::path cache_folder() {
  const auto variable = [](const char* name) -> fs::path {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  // The XDG base directory specification: a relative path is to be ignored.
  if (const fs::path xdg = variable("XDG_CACHE_HOME"); xdg.is_absolute()) return xdg / "stet";
  if (const fs::path home = variable("HOME"); home.is_absolute()) return home / ".cache" / "stet";
  return {};
}

}  // namespace stet::data
