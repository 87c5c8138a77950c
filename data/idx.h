// IDX, the format of the MNIST files (LeCun, Cortes, Burges): two zero bytes, a type, the rank, big-endian extents,
// elements.
#pragma once

#include <filesystem>

#include "stet/data/files.h"
#include "stet/tensor/tensor.h"

namespace stet::data {

/// Reads an IDX file, plain or gzip-compressed: unsigned bytes as uint8; signed bytes, 16- and 32-bit integers as
/// int32; float32; float64. Throws DataError that names the file: it is missing, its magic is wrong, it is cut,
/// something follows, or its header claims more than it can hold (no memory is taken on a header's word).
Tensor read_idx(const std::filesystem::path& path);
/// The same of a file's bytes.
Tensor read_idx(const FileBytes& file);

/// Writes a uint8, int32, float32 or float64 tensor as IDX, atomically. Throws UsageError on another dtype, IoError if
/// it fails.
void write_idx(const std::filesystem::path& path, const Tensor& x);

}  // namespace stet::data
