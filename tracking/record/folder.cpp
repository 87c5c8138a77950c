#include "stet/tracking/record/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "stet/tensor/error.h"
#include "stet/tensor/sha256.h"

namespace stet::tracking {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

std::shared_ptr<const Descriptor> open_folder(int at, const char* name, int flags, const Path& path) {
  Descriptor fd(retry_interrupted([&] { return ::openat(at, name, kFolderFlags | flags); }));
  if (fd.get() < 0) raise_io(path, "read the folder", errno);
  return std::make_shared<const Descriptor>(std::move(fd));
}

// What was opened, or failed to. Opening says ELOOP of a link and ENXIO of a FIFO that nobody reads; other things open,
// and are not what is meant.
Descriptor require_regular(Descriptor fd, const Path& path, std::string_view what) {
  struct stat status {};
  if (fd.get() < 0 ? errno == ELOOP || errno == ENXIO
                   : ::fstat(fd.get(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
    throw IoError(fmt::format("{}: can't {}: it is no regular file", path.string(), what), EINVAL);
  if (fd.get() < 0) raise_io(path, what, errno);
  if (S_ISDIR(status.st_mode)) raise_io(path, what, EISDIR);
  return fd;
}

Descriptor open_regular(const Entry& entry, int flags, unsigned mode, std::string_view what) {
  Descriptor fd(retry_interrupted([&] {
    return ::openat(entry.folder().descriptor(), entry.name().c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
                    mode);
  }));
  return require_regular(std::move(fd), entry.path(), what);
}

}  // namespace

Folder::Folder(const Path& path)
    : fd_(open_folder(AT_FDCWD, path.empty() ? "." : path.c_str(), 0, path)), path_(path) {}

Folder::Folder(const Entry& entry)
    : fd_(open_folder(entry.folder().descriptor(), entry.name().c_str(), O_NOFOLLOW, entry.path())),
      path_(entry.path()) {}

Entry Folder::operator/(std::string_view name) const {
  if (name.empty() || name == "." || name == ".." || name.find_first_of(std::string_view("/\0", 2)) != name.npos)
    raise<DataError>("{}: '{}' is no name of something in it", path_.string(), name);
  return Entry(*this, name);
}

std::vector<std::string> Folder::names() const {
  // Opened anew: a stream moves the place of the descriptor that it is made from.
  Descriptor fd(retry_interrupted([&] { return ::openat(descriptor(), ".", kFolderFlags); }));
  std::unique_ptr<DIR, int (*)(DIR*)> stream(fd.get() < 0 ? nullptr : ::fdopendir(fd.get()), ::closedir);
  if (!stream) raise_io(path_, "read the folder", errno);
  fd.release();
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (!entry) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) raise_io(path_, "read the folder", errno);
  std::sort(names.begin(), names.end());
  return names;
}

Folder Folder::known_as(Path path) const {
  Folder same = *this;
  same.path_ = std::move(path);
  return same;
}

EntryStatus look_at(const Entry& entry) {
  struct stat status {};
  if (::fstatat(entry.folder().descriptor(), entry.name().c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};
  using Kind = EntryStatus::Kind;
  const Kind kind = S_ISREG(status.st_mode) ? Kind::file : S_ISDIR(status.st_mode) ? Kind::folder : Kind::other;
  return {kind, status.st_size, status.st_mtim.tv_sec};
}

bool is_file(const Entry& entry) { return look_at(entry).kind == EntryStatus::Kind::file; }

std::optional<Folder> find_folder(const Entry& entry) {
  if (look_at(entry).kind == EntryStatus::Kind::none) return std::nullopt;
  return Folder(entry);
}

InputFile::InputFile(const Entry& entry) : fd_(open_regular(entry, O_RDONLY, 0, "read")), path_(entry.path()) {}

InputFile::InputFile(Path path)
    : fd_(require_regular(
          Descriptor(retry_interrupted([&] { return ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC); })), path,
          "read")),
      path_(std::move(path)) {}

void InputFile::rewind() const { ::lseek(descriptor(), 0, SEEK_SET); }

std::string InputFile::read(int64_t most) const {
  if (const int64_t size = identity().size; size > most)
    raise<DataError>("{}: has {} bytes, and at most {} are read", path_.string(), size, most);
  rewind();
  return read_all(fd_, path_);
}

std::string InputFile::sha256() const {
  rewind();
  Sha256 hash;
  std::vector<std::byte> block(size_t{1} << 18);
  for (;;) {
    const ssize_t n = retry_interrupted([&] { return ::read(descriptor(), block.data(), block.size()); });
    if (n < 0) raise_io(path_, "read", errno);
    if (n == 0) return hash.hex();
    hash.update(block.data(), static_cast<size_t>(n));
  }
}

size_t InputFile::read_at(int64_t offset, std::span<char> out) const {
  size_t have = 0;
  while (have < out.size()) {
    const ssize_t n = retry_interrupted([&] {
      return ::pread(descriptor(), out.data() + have, out.size() - have, offset + static_cast<int64_t>(have));
    });
    if (n < 0) raise_io(path_, "read", errno);
    if (n == 0) break;
    have += static_cast<size_t>(n);
  }
  return have;
}

std::string read_file(const Entry& entry, int64_t most) { return InputFile(entry).read(most); }
std::string read_file(const Path& path) { return InputFile(path).read(); }
std::string sha256_file(const Entry& entry) { return InputFile(entry).sha256(); }
std::string sha256_file(const Path& path) { return InputFile(path).sha256(); }

Descriptor open_for_writing(const Entry& entry, OpenMode how, unsigned mode) {
  int flags = O_WRONLY | O_CREAT | O_APPEND;
  if (how == OpenMode::exclusive) flags = O_WRONLY | O_CREAT | O_EXCL;  // copy_file_range refuses O_APPEND
  Descriptor fd = open_regular(entry, flags, mode, "open for writing");
  // Not by O_TRUNC: what is no regular file stays as it is.
  if (how == OpenMode::truncate && retry_interrupted([&] { return ::ftruncate(fd.get(), 0); }) < 0)
    raise_io(entry.path(), "empty", errno);
  return fd;
}

}  // namespace stet::tracking
