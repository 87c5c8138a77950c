// Every change that tracking makes on disk goes through FileSystem, so that a test can end the process, or make an
// operation fail, at any one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace stet::tracking {

using Path = std::filesystem::path;
using Bytes = std::span<const std::byte>;

/// The bytes of a text, without a copy.
inline Bytes as_bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

/// A file open for writing. Closing it neither syncs nor reports; call sync() where the bytes must last.
class File {
 public:
  virtual ~File() = default;
  /// Appends all of `bytes`. Throws IoError; some of them may then have been written.
  virtual void write(Bytes bytes) = 0;
  /// Returns once the file's bytes and size are on the device. Throws IoError.
  virtual void sync() = 0;
  /// Empties the file.
  virtual void clear() = 0;
  /// The underlying descriptor, close-on-exec; the file keeps it.
  virtual int descriptor() const = 0;
};

/// What open() does when there is a file already.
enum class OpenMode {
  append,     ///< goes on at its end
  truncate,   ///< empties it
  exclusive,  ///< throws IoError with code EEXIST
};

/// Outcome of asking for a lock.
enum class LockResult { taken, held_by_other, unsupported };

/// The operations that change something on disk. Each throws IoError that names the path.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  /// Opens for writing; makes the file when there is none. `mode` is the permission bits of a new file.
  virtual std::unique_ptr<File> open(const Path& path, OpenMode how, unsigned mode = 0644) = 0;
  /// Renames, replacing a file (or an empty folder) that is there: atomic.
  virtual void rename(const Path& from, const Path& to) = 0;
  /// Removes a file or an empty folder; one that is not there is no error.
  virtual void remove(const Path& path) = 0;
  /// Makes one folder. Returns false when there is one already.
  virtual bool make_directory(const Path& path) = 0;
  /// Makes a folder's names durable: what was created in it, renamed into it or removed from it.
  virtual void sync_directory(const Path& path) = 0;
  /// Copies a file's bytes to a new file (exclusive), sharing blocks where the file system can; synced.
  virtual void copy(const Path& from, const Path& to, unsigned mode) = 0;
  /// Takes an exclusive advisory lock (flock) that lasts until the file is closed. Never waits.
  virtual LockResult try_lock(File& file) = 0;
};

/// The machine's file system.
FileSystem& real_file_system();

/// The file system that programs use: the real one, or a faulty one over it when STET_FAULT is set (see
/// faulty_file_system.h).
FileSystem& file_system();

/// Makes a folder and those above it that are missing.
void make_directories(FileSystem& fs, const Path& path);

/// Writes a new file and syncs it; the folder is not synced.
void write_file(FileSystem& fs, const Path& path, Bytes bytes, unsigned mode = 0644);

/// Replaces a file atomically and durably: writes `.new-<name>` beside it, syncs, renames, syncs the folder. Whatever
/// happens, a reader finds the old bytes or the new ones.
void replace_file(FileSystem& fs, const Path& path, Bytes bytes);

/// Removes a folder and all in it; one that is not there is no error.
void remove_all(FileSystem& fs, const Path& path);

/// A file's bytes. Throws IoError.
std::string read_file(const Path& path);

/// SHA-256 of a file's bytes as 64 hexadecimal digits, read in blocks. Throws IoError.
std::string sha256_file(const Path& path);

/// Throws IoError "<path>: can't <what>: <reason of code>".
[[noreturn]] void raise_io(const Path& path, std::string_view what, int code);

}  // namespace stet::tracking
