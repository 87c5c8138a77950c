// Every change that tracking makes on disk goes through FileSystem, so that a test can end the process, or make an
// operation fail, at any one of them. Each takes an open folder and a name below it (folder.h), never a path to follow.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "stet/tracking/record/folder.h"

namespace stet::tracking {

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

/// Outcome of asking for a lock.
enum class LockResult { taken, held_by_other, unsupported };

/// The operations that change something on disk. Each throws IoError that names the path.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  /// Opens a regular file for writing, as open_for_writing does; makes it when there is none. `mode` is the permission
  /// bits of a new file.
  virtual std::unique_ptr<File> open(const Entry& entry, OpenMode how, unsigned mode = 0644) = 0;
  /// Renames, replacing a file (or an empty folder) that is there: atomic.
  virtual void rename(const Entry& from, const Entry& to) = 0;
  /// Removes a file, a link or an empty folder; one that is not there is no error.
  virtual void remove(const Entry& entry) = 0;
  /// Makes one folder. Returns false when there is one already.
  virtual bool make_directory(const Entry& entry) = 0;
  /// Makes a folder's names durable: what was created in it, renamed into it or removed from it.
  virtual void sync_directory(const Folder& folder) = 0;
  /// Copies a file's bytes to a new file (exclusive), sharing blocks where the file system can; synced.
  virtual void copy(const InputFile& from, const Entry& to, unsigned mode) = 0;
  /// Takes an exclusive advisory lock (flock) that lasts until the file is closed. Never waits.
  virtual LockResult try_lock(File& file) = 0;
};

/// The machine's file system.
FileSystem& real_file_system();

/// The file system that programs use: the real one, unless a program is linked with another definition of this.
FileSystem& file_system();

/// Makes a folder that the user named and those above it that are missing, and opens it.
Folder make_directories(FileSystem& fs, const Path& path);

/// Opens a folder, which is made and made durable when there is none.
Folder make_folder(FileSystem& fs, const Entry& entry);

/// Writes a new file and syncs it; the folder is not synced.
void write_file(FileSystem& fs, const Entry& entry, Bytes bytes, unsigned mode = 0644);

/// Replaces a file atomically and durably: writes `.new-<name>` beside it, syncs, renames, syncs the folder. Whatever
/// happens, a reader finds the old bytes or the new ones.
void replace_file(FileSystem& fs, const Entry& entry, Bytes bytes);

/// Removes an entry, a folder with all in it; one that is not there is no error.
void remove_all(FileSystem& fs, const Entry& entry);

/// Removes what is in a folder, and the folder if its name is still its own. Throws IoError.
void remove_all(FileSystem& fs, const Folder& folder);

/// remove_all of what a failed operation left, past any test's file system; failing is no error.
void discard(const Entry& entry) noexcept;

}  // namespace stet::tracking
