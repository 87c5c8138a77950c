// A folder for what a program that runs again leaves behind. Private to tracking/.
#pragma once

#include <filesystem>
#include <string>

#include "stet/tensor/files.h"

namespace stet::tracking {

/// A new folder that only this user may enter and in which programs can be run; it goes with the object. It is made
/// below TMPDIR; where that is not there, can't be written or is mounted noexec, below /tmp, /var/tmp or /dev/shm, else
/// below `last`. What was left there by a process that was killed is removed.
class ScratchFolder {
 public:
  /// The folder's name begins with `prefix`. Throws DataError where it can't be made.
  ScratchFolder(const std::string& prefix, const std::filesystem::path& last);
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  Descriptor held_;  // locked: others see that its process lives
};

}  // namespace stet::tracking
