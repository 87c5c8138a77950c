// Open folders, and names below them. What a user names, a folder of runs or a run, is opened once by its path; from
// there on everything is reached through the open folder, name by name, so that neither a link nor another folder put
// in its place leads elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stet/tensor/files.h"

namespace stet::tracking {

using Path = std::filesystem::path;

class Entry;

/// An open folder. Copies share it; it stays the folder that it is, whatever becomes of its name.
class Folder {
 public:
  /// Opens what the user named, the one place where links are followed; empty is the working folder. Throws IoError.
  Folder(const Path& path);
  /// Opens a folder below another. Throws IoError, also where the entry is a link.
  explicit Folder(const Entry& entry);

  /// A name below the folder. Throws DataError unless it is one: not empty, neither `.` nor `..`, without `/`.
  Entry operator/(std::string_view name) const;
  /// What is in it, sorted; without `.` and `..`. Throws IoError.
  std::vector<std::string> names() const;
  /// For messages: the path by which it was opened.
  const Path& path() const { return path_; }
  /// The same folder after it was renamed to `path`.
  Folder known_as(Path path) const;
  int descriptor() const { return fd_->get(); }

 private:
  std::shared_ptr<const Descriptor> fd_;
  Path path_;
};

/// A name in an open folder, whether there is something or not. No operation on it follows a link.
class Entry {
 public:
  const Folder& folder() const { return folder_; }
  const std::string& name() const { return name_; }
  /// For messages.
  Path path() const { return folder_.path() / name_; }

 private:
  friend class Folder;
  Entry(Folder folder, std::string_view name) : folder_(std::move(folder)), name_(name) {}
  Folder folder_;
  std::string name_;
};

/// What an entry is.
struct EntryStatus {
  enum class Kind {
    none,    ///< there is nothing
    file,    ///< a regular file
    folder,  ///< a folder
    other,   ///< a link, a FIFO, a device: nothing that Stet makes, reads or goes into
  };
  Kind kind = Kind::none;
  int64_t size = 0;          ///< of a file, in bytes
  std::time_t modified = 0;  ///< seconds since 1970
};
EntryStatus look_at(const Entry& entry);
bool is_file(const Entry& entry);

/// The folder that an entry is; none when there is nothing. Throws IoError when it is something else.
std::optional<Folder> find_folder(const Entry& entry);

/// A file open for reading.
class InputFile {
 public:
  /// Opens a regular file. Throws IoError when there is none: a link is not followed, a FIFO or device not waited for.
  explicit InputFile(const Entry& entry);
  /// Opens what the user, the system or a record named: links are followed, and as above otherwise.
  explicit InputFile(Path path);

  /// The whole file. Throws IoError; DataError, before memory is taken, where it has more than `most` bytes.
  std::string read(int64_t most = std::numeric_limits<int64_t>::max()) const;
  /// SHA-256 of the whole file as 64 hexadecimal digits, read in blocks. Throws IoError.
  std::string sha256() const;
  /// Up to out.size() bytes from `offset` on; returns how many, fewer only at the file's end. Throws IoError.
  size_t read_at(int64_t offset, std::span<char> out) const;
  /// Its size and times as they are now. Throws IoError.
  FileIdentity identity() const { return identity_of(fd_, path_); }
  const Path& path() const { return path_; }
  int descriptor() const { return fd_.get(); }

 private:
  void rewind() const;
  Descriptor fd_;
  Path path_;
};

/// A file's bytes, as InputFile::read gives them.
std::string read_file(const Entry& entry, int64_t most = std::numeric_limits<int64_t>::max());
std::string read_file(const Path& path);

/// SHA-256 of a file's bytes. Throws IoError.
std::string sha256_file(const Entry& entry);
std::string sha256_file(const Path& path);

/// What opening for writing does when there is a file already.
enum class OpenMode {
  append,     ///< goes on at its end
  truncate,   ///< empties it
  exclusive,  ///< throws IoError with code EEXIST
};

/// A descriptor for writing to a regular file, made with the permission bits `mode` when there is none. It follows no
/// link and never waits. Only FileSystem, and what a test may not strike, calls it. Throws IoError.
Descriptor open_for_writing(const Entry& entry, OpenMode how, unsigned mode = 0644);

}  // namespace stet::tracking
