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

using stet::remembered;

/// Tells the run, if there is one, of a data set.
void announce(const DatasetRecord& record);

}  // namespace stet::data
