#include "stet/tracking/record/checkpoint_format.h"

#include <algorithm>
#include <cstring>

#include "stet/tensor/sha256.h"

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

Sha256Digest hash_of(std::span<const std::byte> file) {
  constexpr std::byte zeros[kHashSize] = {};
  std::span<const std::byte> rest = file.subspan(kHashAt + kHashSize);
  return Sha256().update(file.data(), kHashAt).update(zeros, kHashSize).update(rest.data(), rest.size()).digest();
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
  raise<DataError>("{}: is of the kind '{}', which this program does not know", where, name);
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
  std::string_view head(reinterpret_cast<const char*>(file.data()), std::min(file.size(), kMagic.size()));
  if (file.empty()) raise<DataError>("{}: empty", name);
  if (head != kMagic.substr(0, head.size())) raise<DataError>("{}: not a Stet checkpoint", name);
  if (file.size() < kBlockSize) raise<DataError>("{}: cut at byte {}", name, file.size());
  if (get(file, 8, 4) != kVersion)
    raise<DataError>("{}: has format version {}; this program reads {}", name, get(file, 8, 4), kVersion);
  if (file.size() < get(file, 16)) raise<DataError>("{}: cut at byte {} of {}", name, file.size(), get(file, 16));
  Sha256Digest hash = hash_of(file);
  if (file.size() != get(file, 16) || std::memcmp(hash.data(), file.data() + kHashAt, kHashSize) != 0) {
    raise<DataError>("{}: damaged: its SHA-256 does not hold", name);
  }
  return {static_cast<int64_t>(get(file, 56)),
          get(file, 64),
          {static_cast<int64_t>(get(file, 72)), static_cast<int64_t>(get(file, 80))}};
}

}  // namespace format
}  // namespace stet::tracking
