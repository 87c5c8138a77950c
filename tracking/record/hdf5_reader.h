// Reading HDF5 files of the one layout that encode() gives: superblock 0, groups as symbol tables, datasets compact or
// contiguous. Anything else that HDF5 knows, chunks, filters, external and virtual storage, shared messages, is
// refused. It is done here, not by the HDF5 library, which was not made for files that somebody means to do harm with:
// every offset is checked against the file, no size is believed before, and each byte is visited once. Private to
// tracking/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace stet::tracking::hdf5 {

inline constexpr int kDepthLimit = 100;  ///< of groups in one another

/// Element types that checkpoints hold.
enum class Type : uint8_t { float32, float64, int32, int64, uint8, boolean, uint64, string };

/// A dataset; `data` lies in the file's bytes and holds the shape's product of elements of `element` bytes.
struct Dataset {
  std::string path;  ///< as in net/in/weight, without a leading slash
  std::string kind;  ///< its attribute of that name
  Type type = Type::float32;
  size_t element = 0;  ///< bytes; of a string, its length
  std::vector<int64_t> shape;
  std::span<const std::byte> data;
};

/// A soft link.
struct Link {
  std::string path;
  std::string target;  ///< without a leading slash
};

struct Tree {
  std::vector<Dataset> datasets;
  std::vector<Link> links;
};

/// Reads a file whose HDF5 part begins at byte `begin`. `name` stands in messages. Throws DataError.
Tree read_tree(std::span<const std::byte> file, size_t begin, const std::string& name);

}  // namespace stet::tracking::hdf5
