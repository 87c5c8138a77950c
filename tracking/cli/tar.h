// Members of a .tar.gz.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace stet::tracking::cli {

/// Writes members of an archive (POSIX.1-1988 tar, gzip) into a folder, each by the last part of its name, whole or not
/// at all. Throws DataError where the archive is damaged or lacks one.
void unpack_members(const std::filesystem::path& archive, const std::vector<std::string>& members,
                    const std::filesystem::path& folder);

}  // namespace stet::tracking::cli
