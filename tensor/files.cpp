#include "stet/tensor/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>

#include "stet/tensor/error.h"

namespace stet {
namespace {

int64_t nanoseconds(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

}  // namespace

FileIdentity identity_of(const Descriptor& file, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(file.get(), &status) < 0) raise_io(path, "read", errno);
  return {status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

bool is_settled(int64_t time_ns) {
  const auto limit = std::chrono::system_clock::now().time_since_epoch() - std::chrono::seconds(2);
  return time_ns < std::chrono::duration_cast<std::chrono::nanoseconds>(limit).count();
}

int Descriptor::close() {
  const int fd = release();
  return fd < 0 ? 0 : ::close(fd);
}

void raise_io(const std::filesystem::path& path, std::string_view what, int code) {
  throw IoError(fmt::format("{}: can't {}: {}", path.string(), what, std::strerror(code)), code);
}

std::string read_all(const Descriptor& file, const std::filesystem::path& path) {
  // A pipe and the files of /proc state no size, and a file may grow while it is read: the end is where read says so.
  std::string bytes(static_cast<size_t>(identity_of(file, path).size) + 1, '\0');
  size_t used = 0;
  for (;;) {
    if (used == bytes.size()) bytes.resize(2 * used);
    const ssize_t n = retry_interrupted([&] { return ::read(file.get(), bytes.data() + used, bytes.size() - used); });
    if (n < 0) raise_io(path, "read", errno);
    if (n == 0) break;
    used += static_cast<size_t>(n);
  }
  bytes.resize(used);
  return bytes;
}

Descriptor open_file(const std::filesystem::path& path) {
  // Without O_NONBLOCK a pipe that nobody writes to is waited for.
  const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  Descriptor file(retry_interrupted([&] { return ::open(path.c_str(), flags); }));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) raise_io(path, "open", errno);
  if (!S_ISREG(status.st_mode)) raise_io(path, "read", S_ISDIR(status.st_mode) ? EISDIR : ENODEV);
  return file;
}

void read_at(const Descriptor& file, std::span<std::byte> out, uint64_t offset, const std::filesystem::path& path) {
  while (!out.empty()) {
    const ssize_t n =
        retry_interrupted([&] { return ::pread(file.get(), out.data(), out.size(), static_cast<off_t>(offset)); });
    if (n < 0) raise_io(path, "read", errno);
    if (n == 0) throw IoError(fmt::format("{}: it ended while it was read", path.string()), EIO);
    out = out.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
}

void write_all(const Descriptor& file, std::span<const std::byte> bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {  // write may take a part
    const ssize_t n = retry_interrupted([&] { return ::write(file.get(), bytes.data(), bytes.size()); });
    if (n < 0) raise_io(path, "write", errno);
    if (n == 0) raise_io(path, "write", EIO);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

void sync_file(const Descriptor& file, const std::filesystem::path& path) {
  if (retry_interrupted([&] { return ::fsync(file.get()); }) < 0) raise_io(path, "sync", errno);
}

NewFile::NewFile(std::filesystem::path path) : path_(std::move(path)) {
  static std::atomic<int> counter{0};
  aside_ = path_.string() + fmt::format(".new-{}-{}", ::getpid(), counter++);
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  file_ = Descriptor(retry_interrupted([&] { return ::open(aside_.c_str(), flags, 0666); }));
  if (file_.get() < 0) raise_io(path_, "write", errno);
}

NewFile::~NewFile() {
  if (!aside_.empty()) ::unlink(aside_.c_str());
}

void NewFile::write(std::span<const std::byte> bytes) { write_all(file_, bytes, path_); }

void NewFile::commit() {
  sync_file(file_, path_);
  if (file_.close() != 0 || ::rename(aside_.c_str(), path_.c_str()) != 0) raise_io(path_, "write", errno);
  aside_.clear();
}

}  // namespace stet
