// Fingerprints: what a data set's files and samples are, as SHA-256.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stet/data/files.h"
#include "stet/tensor/recorder.h"

namespace stet::data {

/// Hash of the tensors' dtypes, shapes and elements in row-major little-endian order; nothing of how they were stored.
std::string samples_sha256(std::span<const Tensor> tensors);

/// Path, size and SHA-256 of a file that was read.
FileFingerprint fingerprint(const FileBytes& file);
/// The same of a file on disk. Throws DataError if it can't be read.
FileFingerprint fingerprint(const std::filesystem::path& path);

/// `compute()`, remembered in <cache folder>/fingerprints for as long as no file changes path, size or modification
/// time. `what` names the computation and its version. STET_FRESH_FINGERPRINTS=1 in the environment computes afresh, as
/// verification does. A cache that is damaged or can't be written is no error: it costs the computation.
std::string remembered(std::string_view what, const std::vector<FileVersion>& files,
                       const std::function<std::string()>& compute);

/// Tells the run, if there is one, of a data set.
void announce(const DatasetRecord& record);

}  // namespace stet::data
