// NumPy's files (numpy.lib.format): .npy, one array, and .npz, several by name.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "stet/data/files.h"
#include "stet/tensor/tensor.h"

namespace stet::data {

/// Reads a .npy file, plain or gzip-compressed: floats, integers and bools of either byte order and of both orders of
/// axes. float16 becomes float32, int8, int16 and uint16 int32, uint32 int64, each exactly. Throws DataError in one
/// line that names the file: it is missing, cut or damaged, its header claims more than it holds, something follows, or
/// its elements have no dtype here; objects are not unpickled.
Tensor read_npy(const std::filesystem::path& path);
/// The same of a file's bytes.
Tensor read_npy(const FileBytes& file);

/// Writes what `numpy.save` does, byte for byte, atomically. Throws IoError.
void write_npy(const std::filesystem::path& path, const Tensor& x);

/// Reads a .npz file, as `numpy.savez` and `savez_compressed` write them: arrays by name, without ".npy". Throws
/// DataError as read_npy does, naming the member too; also where the archive is damaged, encrypted, holds a name twice,
/// or members that share bytes.
std::map<std::string, Tensor> read_npz(const std::filesystem::path& path);
/// The same of a file's bytes.
std::map<std::string, Tensor> read_npz(const FileBytes& file);

/// Writes arrays as `numpy.savez` does, in byte order of their names, atomically; equal arrays give equal bytes. Throws
/// UsageError on a name that is empty or has a byte below a blank, or where they take more than 4 GB; IoError.
void write_npz(const std::filesystem::path& path, const std::map<std::string, Tensor>& arrays);

}  // namespace stet::data
