// A folder for what a program that runs again leaves behind. Private to tracking/.
#pragma once

#include <filesystem>
#include <string>

namespace stet::tracking {

/// A new folder below TMPDIR that only this user may enter; it goes with the object.
class ScratchFolder {
 public:
  /// The folder's name begins with `prefix`. Throws DataError where it can't be made.
  explicit ScratchFolder(const std::string& prefix);
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace stet::tracking
