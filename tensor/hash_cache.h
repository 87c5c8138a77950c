// The user's cache of hashes: what follows from the content of files that have not changed since.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "stet/tensor/files.h"

namespace stet {

/// What tells one version of a file from another without reading it.
struct FileVersion {
  std::string path;  ///< absolute
  FileIdentity identity;
};

/// `base`/stet where the environment variable `xdg` names an absolute `base`, else ~/`below_home`/stet; empty where
/// there is no home either. The XDG base directory specification: a relative path is to be ignored.
std::filesystem::path user_folder(const char* xdg, std::string_view below_home);

/// $XDG_CACHE_HOME/stet, or ~/.cache/stet; empty where neither variable is set.
std::filesystem::path cache_folder();

/// Opens a folder of the user's own below one that was named, which is followed: makes it, for this user alone, where
/// there is none. None where it is a link or another user's.
Descriptor open_own_folder(const std::filesystem::path& folder);

/// `compute()`, remembered in the cache folder's fingerprints for as long as the files keep path, device, inode, size,
/// modification and change time; not where one was changed less than two seconds ago. `what` names the computation and
/// its version. STET_FRESH_FINGERPRINTS=1 in the environment computes afresh, as verification does. A cache that is
/// damaged, another user's, or can't be written is no error: it costs the computation.
std::string remembered(std::string_view what, const std::vector<FileVersion>& files,
                       const std::function<std::string()>& compute);

}  // namespace stet
