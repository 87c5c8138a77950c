// Files, and the user's cache folder.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "stet/tensor/files.h"

namespace stet::data {

/// What tells one version of a file from another without reading it.
struct FileVersion {
  std::string path;  ///< absolute
  FileIdentity identity;
};

/// A file's bytes, and the version that they are of.
struct FileBytes {
  std::string name;  ///< as it was given, for messages
  FileVersion version;
  std::string bytes;
};

/// Reads a whole file. Throws DataError naming it.
FileBytes read_file(const std::filesystem::path& path);

/// Writes aside and renames, so that a reader sees the whole file or none. Throws IoError naming it.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// $XDG_CACHE_HOME/stet, or ~/.cache/stet; empty where neither variable is set.
std::filesystem::path cache_folder();

}  // namespace stet::data
