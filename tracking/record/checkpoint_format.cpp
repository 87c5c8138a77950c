#include "stet/tracking/record/checkpoint_format.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "stet/tensor/sha256.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {

namespace {

Hdf5Type boolean_type() {
  Hdf5Type type(H5Tenum_create(H5T_STD_I8LE), "checkpoint", "make a type");
  for (int8_t value : {0, 1})
    check_hdf5(H5Tenum_insert(type, value ? "TRUE" : "FALSE", &value), "checkpoint", "make a type");
  return type;
}

}  // namespace

Hdf5Type file_type(DType dtype) {
  auto copy = [](hid_t id) { return Hdf5Type(H5Tcopy(id), "checkpoint", "make a type"); };
  switch (dtype) {
    case DType::float32: return copy(H5T_IEEE_F32LE);
    case DType::float64: return copy(H5T_IEEE_F64LE);
    case DType::int32: return copy(H5T_STD_I32LE);
    case DType::int64: return copy(H5T_STD_I64LE);
    case DType::uint8: return copy(H5T_STD_U8LE);
    case DType::boolean: return boolean_type();
  }
  refuse_dtype(dtype, "float32, float64, int32, int64, uint8 or bool");
}

namespace format {
namespace {

constexpr std::string_view kMagic = "STETCKPT";
constexpr uint32_t kVersion = 1;
constexpr size_t kHashAt = 24, kHashSize = 32;

void put(std::string& file, size_t at, uint64_t value, size_t size = 8) {
  for (size_t i = 0; i < size; ++i) file[at + i] = static_cast<char>((value >> (8 * i)) & 0xFF);
}

uint64_t get(std::span<const std::byte> file, size_t at, size_t size = 8) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value |= static_cast<uint64_t>(file[at + i]) << (8 * i);
  return value;
}

// Refuses what is no checkpoint of `size` bytes, by its first ones.
void check_head(std::span<const std::byte> head, uint64_t size, const std::string& name) {
  std::string_view magic(reinterpret_cast<const char*>(head.data()), std::min(head.size(), kMagic.size()));
  if (head.empty()) raise<DataError>("{}: empty", name);
  if (magic != kMagic.substr(0, magic.size())) raise<DataError>("{}: not a Stet checkpoint", name);
  if (head.size() < kBlockSize) raise<DataError>("{}: cut at byte {}", name, size);
  if (get(head, 8, 4) != kVersion)
    raise<DataError>("{}: has format version {}; this program reads {}", name, get(head, 8, 4), kVersion);
  if (size < get(head, 16)) raise<DataError>("{}: cut at byte {} of {}", name, size, get(head, 16));
  if (size > get(head, 16)) raise<DataError>("{}: damaged: {} bytes follow its end", name, size - get(head, 16));
}

void check_hash(std::span<const std::byte> head, const Sha256Digest& hash, const std::string& name) {
  if (std::memcmp(hash.data(), head.data() + kHashAt, kHashSize) != 0)
    raise<DataError>("{}: damaged: its SHA-256 does not hold", name);
}

// Of the first bytes of a file, with the hash's own as zeros.
Sha256 hash_of_block(std::span<const std::byte> head) {
  constexpr std::byte zeros[kHashSize] = {};
  std::span<const std::byte> rest = head.first(kBlockSize).subspan(kHashAt + kHashSize);
  Sha256 hash;
  hash.update(head.data(), kHashAt).update(zeros, kHashSize).update(rest.data(), rest.size());
  return hash;
}

Sha256Digest hash_of(std::span<const std::byte> file) {
  std::span<const std::byte> rest = file.subspan(kBlockSize);
  return hash_of_block(file).update(rest.data(), rest.size()).digest();
}

}  // namespace

const char* name_of(TensorKind kind) {
  switch (kind) {
    case TensorKind::parameter: return "parameter";
    case TensorKind::buffer: return "buffer";
    case TensorKind::state: return "state";
  }
  return "?";
}

TensorKind kind_named(const std::string& name, const std::string& where) {
  for (TensorKind kind : {TensorKind::parameter, TensorKind::buffer, TensorKind::state}) {
    if (name == name_of(kind)) return kind;
  }
  raise<DataError>("{}: is of the kind '{}', which this program does not know", where, printable(name));
}

void write_block(std::string& file, const Position& position) {
  std::fill_n(file.begin(), kBlockSize, '\0');
  std::copy(kMagic.begin(), kMagic.end(), file.begin());
  put(file, 8, kVersion, 4);
  put(file, 16, file.size());
  put(file, 56, static_cast<uint64_t>(position.step));
  put(file, 64, position.tick);
  put(file, 72, static_cast<uint64_t>(position.log.segment));
  put(file, 80, static_cast<uint64_t>(position.log.offset));
  Sha256Digest hash = hash_of(as_bytes(file));
  std::memcpy(file.data() + kHashAt, hash.data(), hash.size());
}

Position read_block(std::span<const std::byte> file, const std::string& name) {
  check_head(file.first(std::min(file.size(), kBlockSize)), file.size(), name);
  check_hash(file, hash_of(file), name);
  return {static_cast<int64_t>(get(file, 56)),
          get(file, 64),
          {static_cast<int64_t>(get(file, 72)), static_cast<int64_t>(get(file, 80))}};
}

void check_file(const InputFile& file, const std::string& name) {
  std::vector<char> block(size_t{1} << 18);
  const std::span head_bytes(block.data(), file.read_at(0, std::span(block).first(kBlockSize)));
  const auto head = std::as_bytes(head_bytes);
  check_head(head, static_cast<uint64_t>(file.identity().size), name);
  std::array<std::byte, kBlockSize> kept;
  std::copy(head.begin(), head.end(), kept.begin());
  Sha256 hash = hash_of_block(kept);
  int64_t at = kBlockSize;
  while (const size_t n = file.read_at(at, block)) {
    hash.update(block.data(), n);
    at += static_cast<int64_t>(n);
  }
  check_hash(kept, hash.digest(), name);
}

}  // namespace format
}  // namespace stet::tracking
