// A folder of runs, here or on another machine, as far as copying runs into it or out of it takes. Paths are below the
// folder, their names with a slash between them; "" is the folder itself. No link is followed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "stet/tracking/record/file_system.h"

namespace stet::tracking {

struct StoreItem {
  std::string name;
  EntryStatus status;
};

/// A new file. One that is not finished may be there in part.
class StoreFile {
 public:
  virtual ~StoreFile() = default;
  virtual void write(Bytes bytes) = 0;
  /// Returns once all of it is where it is to last.
  virtual void finish() = 0;
};

/// What others do not do with something while this is there.
class StoreHold {
 public:
  virtual ~StoreHold() = default;
};

/// Each call throws IoError that names the path, and DataError on names that lead out of a folder.
class Store {
 public:
  virtual ~Store() = default;
  /// For messages.
  virtual std::string describe(const std::string& path) const = 0;
  /// What is in a folder, by ascending names; nothing where there is no folder.
  virtual std::vector<StoreItem> list(const std::string& folder) = 0;
  virtual EntryStatus look_at(const std::string& path) = 0;
  /// Gives a regular file's bytes in blocks, from its beginning to its end.
  virtual void read(const std::string& path, const std::function<void(Bytes)>& take) = 0;
  /// Makes a file. Throws where there is one.
  virtual std::unique_ptr<StoreFile> create(const std::string& path, unsigned mode) = 0;
  /// Gives a new file the bytes of one that is here, without their being sent; false where that can't be asked for.
  /// They may share their bytes: neither may be written to.
  virtual bool duplicate(const std::string& from, const std::string& to) = 0;
  /// Makes a folder, unless there is one.
  virtual void make_folder(const std::string& path) = 0;
  /// Renames; a file that is there is replaced, a folder with something in it is not.
  virtual void rename(const std::string& from, const std::string& to) = 0;
  /// Removes a file or an empty folder; one that is not there is no error.
  virtual void remove(const std::string& path) = 0;
  /// Makes what was done in a folder durable, as far as that can be asked for.
  virtual void sync(const std::string& folder) = 0;
  /// Can what was written be read again at no cost?
  virtual bool is_here() const = 0;
  /// Takes the lock in a folder, where there are locks. Throws UsageError naming who has it.
  virtual std::unique_ptr<StoreHold> hold(const std::string& folder) = 0;
  /// Is the run held by a process, as far as that can be known?
  virtual bool is_held(const std::string& run) = 0;
};

/// A file's bytes as text. Throws DataError, before memory is taken, where it has more than `most`.
std::string read_text(Store& store, const std::string& path, int64_t most);

/// A folder on this machine.
std::unique_ptr<Store> local_store(FileSystem& fs, const Path& folder);

}  // namespace stet::tracking
