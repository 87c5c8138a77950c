// The checkpoint file's user block and element types; checkpoint.h describes them. Private to tracking/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "stet/tensor/dtype.h"
#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/hdf5_handle.h"

namespace stet::tracking {

/// An element type as the file stores it; bool is the enumeration {FALSE, TRUE} that h5py reads as bool.
Hdf5Type file_type(DType dtype);

namespace format {

constexpr size_t kBlockSize = 512;
constexpr char kKindAttribute[] = "kind";

/// The attribute's value for a tensor; a scalar's is "scalar".
const char* name_of(TensorKind kind);
TensorKind kind_named(const std::string& name, const std::string& where);

/// What the user block holds beside magic, version, length and hash.
struct Position {
  int64_t step;
  uint64_t tick;
  LogPosition log;
};

/// Fills the first 512 bytes of a finished file, hash last.
void write_block(std::string& file, const Position& position);

/// Checks the whole file and reads its block. Throws DataError.
Position read_block(std::span<const std::byte> file, const std::string& name);

/// The same of a file that is not in memory; nothing is taken on its word.
void check_file(const InputFile& file, const std::string& name);

}  // namespace format
}  // namespace stet::tracking
