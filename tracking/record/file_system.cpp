#include "stet/tracking/record/file_system.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/sha256.h"
#include "stet/tracking/record/faulty_file_system.h"

namespace stet::tracking {

void raise_io(const Path& path, std::string_view what, int code) {
  throw IoError(fmt::format("{}: can't {}: {}", path.string(), what, std::strerror(code)), code);
}

namespace {

// Owns a descriptor.
struct Descriptor {
  explicit Descriptor(int fd) : fd(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  int fd;
};

template <class Call> auto retry(Call call) {
  for (;;) {
    auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

// pwrite, copy_file_range and write may take a part: goes on until all is written.
void write_all(int fd, Bytes bytes, const Path& path) {
  while (!bytes.empty()) {
    ssize_t n = retry([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (n < 0) raise_io(path, "write", errno);
    if (n == 0) raise_io(path, "write", EIO);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

void sync_descriptor(int fd, const Path& path) {
  if (retry([&] { return ::fsync(fd); }) < 0) raise_io(path, "sync", errno);
}

class RealFile final : public File {
 public:
  RealFile(int fd, Path path) : fd_(fd), path_(std::move(path)) {}
  void write(Bytes bytes) override { write_all(fd_.fd, bytes, path_); }
  void sync() override { sync_descriptor(fd_.fd, path_); }
  void clear() override {
    if (retry([&] { return ::ftruncate(fd_.fd, 0); }) < 0) raise_io(path_, "empty", errno);
  }
  int descriptor() const override { return fd_.fd; }

 private:
  Descriptor fd_;
  Path path_;
};

constexpr unsigned long clone_file_range = 0x40049409;  // FICLONE; <linux/fs.h> clashes with other headers

void copy_bytes(int in, int out, const Path& from, const Path& to) {
  if (::ioctl(out, clone_file_range, in) == 0) return;
  for (;;) {
    ssize_t n = retry([&] { return ::copy_file_range(in, nullptr, out, nullptr, size_t{1} << 30, 0); });
    if (n == 0) return;
    if (n > 0) continue;
    if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) raise_io(to, "write", errno);
    break;
  }
  std::array<std::byte, 1 << 16> buffer;
  for (;;) {
    ssize_t n = retry([&] { return ::read(in, buffer.data(), buffer.size()); });
    if (n < 0) raise_io(from, "read", errno);
    if (n == 0) return;
    write_all(out, Bytes(buffer).first(static_cast<size_t>(n)), to);
  }
}

class RealFileSystem final : public FileSystem {
 public:
  std::unique_ptr<File> open(const Path& path, OpenMode how, unsigned mode) override {
    return std::make_unique<RealFile>(open_new(path, how, mode), path);
  }

  void rename(const Path& from, const Path& to) override {
    if (::rename(from.c_str(), to.c_str()) < 0) raise_io(to, "rename a file to it", errno);
  }

  void remove(const Path& path) override {
    if (::remove(path.c_str()) < 0 && errno != ENOENT) raise_io(path, "remove", errno);
  }

  bool make_directory(const Path& path) override {
    if (::mkdir(path.c_str(), 0777) == 0) return true;
    int code = errno;
    if (code == EEXIST && std::filesystem::is_directory(path)) return false;
    raise_io(path, "make the folder", code == EEXIST ? ENOTDIR : code);
  }

  void sync_directory(const Path& path) override {
    Descriptor fd(retry([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (fd.fd < 0) raise_io(path, "open the folder", errno);
    // Some network file systems refuse to sync a folder; their renames are durable by themselves.
    if (retry([&] { return ::fsync(fd.fd); }) < 0 && errno != EINVAL) raise_io(path, "sync the folder", errno);
  }

  void copy(const Path& from, const Path& to, unsigned mode) override {
    Descriptor in(retry([&] { return ::open(from.c_str(), O_RDONLY | O_CLOEXEC); }));
    if (in.fd < 0) raise_io(from, "read", errno);
    Descriptor out(open_new(to, OpenMode::exclusive, mode));
    copy_bytes(in.fd, out.fd, from, to);
    if (::fchmod(out.fd, mode) < 0) raise_io(to, "set the permissions", errno);
    sync_descriptor(out.fd, to);
  }

  LockResult try_lock(File& file) override {
    if (retry([&] { return ::flock(file.descriptor(), LOCK_EX | LOCK_NB); }) == 0) return LockResult::taken;
    return errno == EWOULDBLOCK ? LockResult::held_by_other : LockResult::unsupported;
  }

 private:
  static int open_new(const Path& path, OpenMode how, unsigned mode) {
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND;
    if (how == OpenMode::truncate) flags |= O_TRUNC;
    if (how == OpenMode::exclusive) flags = (flags | O_EXCL) & ~O_APPEND;  // copy_file_range refuses O_APPEND
    int fd = retry([&] { return ::open(path.c_str(), flags, mode); });
    if (fd < 0) raise_io(path, "open for writing", errno);
    return fd;
  }
};

}  // namespace

FileSystem& real_file_system() {
  static RealFileSystem fs;
  return fs;
}

FileSystem& file_system() {
  static std::unique_ptr<FaultyFileSystem> faulty = FaultyFileSystem::from_environment();
  return faulty ? static_cast<FileSystem&>(*faulty) : real_file_system();
}

void make_directories(FileSystem& fs, const Path& path) {
  if (path.empty() || std::filesystem::is_directory(path)) return;
  make_directories(fs, path.parent_path());
  if (fs.make_directory(path) && !path.parent_path().empty()) fs.sync_directory(path.parent_path());
}

void write_file(FileSystem& fs, const Path& path, Bytes bytes, unsigned mode) {
  auto file = fs.open(path, OpenMode::truncate, mode);
  file->write(bytes);
  file->sync();
}

void replace_file(FileSystem& fs, const Path& path, Bytes bytes) {
  Path folder = path.has_parent_path() ? path.parent_path() : Path(".");
  Path aside = folder / (".new-" + path.filename().string());
  try {
    write_file(fs, aside, bytes);
    fs.rename(aside, path);
  } catch (const IoError&) {
    std::error_code ignored;  // on a full disk the space is wanted back; a next replacement overwrites it anyway
    std::filesystem::remove(aside, ignored);
    throw;
  }
  fs.sync_directory(folder);
}

void remove_all(FileSystem& fs, const Path& path) {
  std::error_code none;
  if (std::filesystem::is_directory(std::filesystem::symlink_status(path, none))) {
    std::vector<Path> inside;
    for (const auto& entry : std::filesystem::directory_iterator(path)) inside.push_back(entry.path());
    for (const Path& entry : inside) remove_all(fs, entry);
  }
  fs.remove(path);
}

std::string read_file(const Path& path) {
  Descriptor fd(retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  if (fd.fd < 0) raise_io(path, "read", errno);
  struct stat info {};
  if (::fstat(fd.fd, &info) < 0) raise_io(path, "read", errno);
  std::string bytes(static_cast<size_t>(info.st_size), '\0');
  size_t have = 0;
  for (;;) {  // also right for files that grow while they are read, and for /proc, whose sizes are 0
    if (have == bytes.size()) bytes.resize(have + 4096);
    ssize_t n = retry([&] { return ::read(fd.fd, bytes.data() + have, bytes.size() - have); });
    if (n < 0) raise_io(path, "read", errno);
    if (n == 0) break;
    have += static_cast<size_t>(n);
  }
  bytes.resize(have);
  return bytes;
}

std::string sha256_file(const Path& path) {
  Descriptor fd(retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  if (fd.fd < 0) raise_io(path, "read", errno);
  Sha256 hash;
  std::vector<std::byte> block(size_t{1} << 18);
  while (ssize_t n = retry([&] { return ::read(fd.fd, block.data(), block.size()); })) {
    if (n < 0) raise_io(path, "read", errno);
    hash.update(block.data(), static_cast<size_t>(n));
  }
  return hash.hex();
}

}  // namespace stet::tracking
