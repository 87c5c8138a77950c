// Files of data.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "stet/tensor/hash_cache.h"

namespace stet::data {

using stet::cache_folder;
using stet::FileVersion;

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

}  // namespace stet::data
