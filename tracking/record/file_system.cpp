#include "stet/tracking/record/file_system.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "stet/tensor/error.h"

namespace stet::tracking {
namespace {

class RealFile final : public File {
 public:
  RealFile(Descriptor fd, Path path) : fd_(std::move(fd)), path_(std::move(path)) {}
  void write(Bytes bytes) override { write_all(fd_, bytes, path_); }
  void sync() override { sync_file(fd_, path_); }
  void clear() override {
    if (retry_interrupted([&] { return ::ftruncate(fd_.get(), 0); }) < 0) raise_io(path_, "empty", errno);
  }
  int descriptor() const override { return fd_.get(); }

 private:
  Descriptor fd_;
  Path path_;
};

constexpr int kDeepestRemoved = 64;
constexpr unsigned long kCloneFileRange = 0x40049409;  // FICLONE; <linux/fs.h> clashes with other headers

void copy_bytes(const InputFile& from, const Descriptor& out, const Path& to) {
  const int in = from.descriptor();
  if (::ioctl(out.get(), kCloneFileRange, in) == 0) return;
  loff_t at = 0;
  for (;;) {
    const ssize_t n =
        retry_interrupted([&] { return ::copy_file_range(in, &at, out.get(), nullptr, size_t{1} << 30, 0); });
    if (n == 0) return;
    if (n > 0) continue;
    if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) raise_io(to, "write", errno);
    break;
  }
  std::array<char, 1 << 16> buffer;
  while (const size_t n = from.read_at(at, buffer)) {
    write_all(out, as_bytes({buffer.data(), n}), to);
    at += static_cast<loff_t>(n);
  }
}

class RealFileSystem final : public FileSystem {
 public:
  std::unique_ptr<File> open(const Entry& entry, OpenMode how, unsigned mode) override {
    return std::make_unique<RealFile>(open_for_writing(entry, how, mode), entry.path());
  }

  void rename(const Entry& from, const Entry& to) override {
    if (::renameat(folder_of(from), name_of(from), folder_of(to), name_of(to)) < 0)
      raise_io(to.path(), "rename a file to it", errno);
  }

  void remove(const Entry& entry) override {
    int result = ::unlinkat(folder_of(entry), name_of(entry), 0);
    if (result < 0 && errno == EISDIR) result = ::unlinkat(folder_of(entry), name_of(entry), AT_REMOVEDIR);
    if (result < 0 && errno != ENOENT) raise_io(entry.path(), "remove", errno);
  }

  bool make_directory(const Entry& entry) override {
    if (::mkdirat(folder_of(entry), name_of(entry), 0777) == 0) return true;
    const int code = errno;
    if (code == EEXIST && look_at(entry).kind == EntryStatus::Kind::folder) return false;
    raise_io(entry.path(), "make the folder", code == EEXIST ? ENOTDIR : code);
  }

  void sync_directory(const Folder& folder) override {
    // Some network file systems refuse to sync a folder; their renames are durable by themselves.
    if (retry_interrupted([&] { return ::fsync(folder.descriptor()); }) < 0 && errno != EINVAL)
      raise_io(folder.path(), "sync the folder", errno);
  }

  void copy(const InputFile& from, const Entry& to, unsigned mode) override {
    const Descriptor out = open_for_writing(to, OpenMode::exclusive, mode);
    copy_bytes(from, out, to.path());
    if (::fchmod(out.get(), mode) < 0) raise_io(to.path(), "set the permissions", errno);
    sync_file(out, to.path());
  }

  LockResult try_lock(File& file) override {
    if (retry_interrupted([&] { return ::flock(file.descriptor(), LOCK_EX | LOCK_NB); }) == 0) return LockResult::taken;
    return errno == EWOULDBLOCK ? LockResult::held_by_other : LockResult::unsupported;
  }

 private:
  static int folder_of(const Entry& entry) { return entry.folder().descriptor(); }
  static const char* name_of(const Entry& entry) { return entry.name().c_str(); }
};

}  // namespace

FileSystem& real_file_system() {
  static RealFileSystem fs;
  return fs;
}

Folder make_directories(FileSystem& fs, const Path& path) {
  std::error_code unknown;  // what it can't be looked at for, making it says
  if (path.empty() || std::filesystem::is_directory(path, unknown)) return Folder(path);
  const Folder parent = make_directories(fs, path.parent_path());
  const std::string name = path.filename().string();
  if (name.empty() || name == "." || name == "..") return Folder(path);  // which is there now
  if (fs.make_directory(parent / name) && !path.parent_path().empty()) fs.sync_directory(parent);
  return Folder(path);
}

Folder make_folder(FileSystem& fs, const Entry& entry) {
  if (look_at(entry).kind != EntryStatus::Kind::folder && fs.make_directory(entry)) fs.sync_directory(entry.folder());
  return Folder(entry);
}

void write_file(FileSystem& fs, const Entry& entry, Bytes bytes, unsigned mode) {
  auto file = fs.open(entry, OpenMode::truncate, mode);
  file->write(bytes);
  file->sync();
}

void replace_file(FileSystem& fs, const Entry& entry, Bytes bytes) {
  const Entry aside = entry.folder() / (".new-" + entry.name());
  try {
    write_file(fs, aside, bytes);
    fs.rename(aside, entry);
  } catch (const IoError&) {
    discard(aside);  // on a full disk the space is wanted back; a next replacement overwrites it anyway
    throw;
  }
  fs.sync_directory(entry.folder());
}

namespace {

void remove_below(FileSystem& fs, const Entry& entry, int depth) {
  if (depth > kDeepestRemoved)  // each folder takes a descriptor
    throw IoError(entry.path().string() + ": can't remove: lies deeper than anything of a run", ELOOP);
  if (look_at(entry).kind == EntryStatus::Kind::folder) {
    const Folder inside(entry);
    for (const std::string& name : inside.names()) remove_below(fs, inside / name, depth + 1);
  }
  fs.remove(entry);
}

}  // namespace

void remove_all(FileSystem& fs, const Entry& entry) { remove_below(fs, entry, 0); }

void remove_all(FileSystem& fs, const Folder& folder) {
  for (const std::string& name : folder.names()) remove_all(fs, folder / name);
  const Path path = folder.path().has_filename() ? folder.path() : folder.path().parent_path();
  fs.remove(Folder(path.parent_path()) / path.filename().string());
}

void discard(const Entry& entry) noexcept {
  try {
    remove_all(real_file_system(), entry);
  } catch (const std::exception&) {  // what went wrong before is what the user hears of
  }
}

}  // namespace stet::tracking
