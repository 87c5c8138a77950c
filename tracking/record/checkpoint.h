// Checkpoints: the tracked state and the run's position as one HDF5 file that is whole or known not to be.
//
// A file begins with a user block of 512 bytes, little endian:
//   0  "STETCKPT"        8  u32 format version, 1      12  u32 0
//  16  u64 length of the file                          24  SHA-256 of the file with these 32 bytes zero
//  56  i64 step         64  u64 tick                   72  i64 log segment      80  i64 log offset      88  zeros
// An HDF5 file follows, made in memory. Tensors lie under their module paths (/net/in/weight) with an attribute `kind`,
// scalars are 0-d datasets, tied names are soft links. Equal states give equal bytes from byte 512 on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "stet/tensor/dtype.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/file_system.h"

namespace stet::tracking {

/// What a tensor is to its module. A member that is a vector of numbers is a buffer; no run writes `state`, which
/// decode() knows all the same.
enum class TensorKind : uint8_t { parameter, buffer, state };

/// One tensor. `data` is row-major and holds the shape's product of elements; `owner` keeps it alive, or is null when
/// the caller does.
struct TensorEntry {
  std::string path;  ///< as in net/in/weight, without a leading slash
  TensorKind kind = TensorKind::parameter;
  DType dtype = DType::float32;
  std::vector<int64_t> shape;
  std::span<const std::byte> data;
  std::shared_ptr<const void> owner;
};

/// A scalar's value. A string may not hold a zero byte.
using ScalarValue = std::variant<int64_t, uint64_t, double, bool, std::string>;

struct ScalarEntry {
  std::string path;
  ScalarValue value;
};

/// A second name of a tensor.
struct AliasEntry {
  std::string path;
  std::string target;
};

/// All that a checkpoint holds. Run keeps state of its own under `stet/…`; stet/step and stet/tick are written from the
/// fields.
struct Checkpoint {
  int64_t step = 0;   ///< committed global steps
  uint64_t tick = 0;  ///< boundaries so far; identifies the boundary, as several can share a step
  LogPosition log;    ///< the end of the log when it was made
  std::vector<TensorEntry> tensors;
  std::vector<ScalarEntry> scalars;
  std::vector<AliasEntry> aliases;
};

/// The file's bytes. Throws UsageError naming a path that is empty, used twice, or both a value and a folder of others.
std::string encode(const Checkpoint& checkpoint);

/// Reads a file's bytes back, entries sorted by path. `name` stands in messages. Throws DataError when any byte is
/// missing or changed, and on whatever encode does not write (hdf5_reader.h).
Checkpoint decode(std::span<const std::byte> bytes, const std::string& name);

/// decode of a file.
Checkpoint read_checkpoint(const Entry& entry);

/// Throws DataError, naming what is wrong, unless `bytes` is a whole checkpoint file. Cheaper than decode.
void check_whole(std::span<const std::byte> bytes, const std::string& name);
/// The same of a file, which is read in blocks.
void check_whole(const Entry& entry);

/// `<run folder>/checkpoints/step-00001200.h5`, for messages and marks.
Path checkpoint_path(const Path& run_folder, int64_t step);

/// Writes bytes that encode gave, durably and atomically; a file of the same step is replaced. The caller has synced
/// the log before, and appends the CHECKPOINT mark after. Throws IoError.
Entry write_checkpoint(FileSystem& fs, const Folder& run, int64_t step, std::span<const std::byte> bytes);

/// Removes a step's checkpoint; one that is not there is no error.
void remove_checkpoint(FileSystem& fs, const Folder& run, int64_t step);

/// A checkpoint file by its name, unread.
struct CheckpointFile {
  int64_t step;
  Entry entry;
};

/// A run's checkpoint files, by ascending step.
std::vector<CheckpointFile> list_checkpoints(const Folder& run);

}  // namespace stet::tracking
