#include "stet/data/idx.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <string>
#include <vector>

#include "stet/data/gzip.h"
#include "stet/tensor/error.h"

namespace stet::data {
namespace {

struct IdxType {
  uint8_t code;
  size_t bytes;
  DType dtype;
};

constexpr std::array<IdxType, 6> kIdxTypes{{{0x08, 1, DType::uint8},
                                            {0x09, 1, DType::int32},
                                            {0x0b, 2, DType::int32},
                                            {0x0c, 4, DType::int32},
                                            {0x0d, 4, DType::float32},
                                            {0x0e, 8, DType::float64}}};

[[noreturn]] void truncated(const FileBytes& file, std::string_view part) {
  raise<DataError>("data: {}: truncated: it ends within its {}; fetch it again", file.name, part);
}

IdxType read_magic(const FileBytes& file, Unpacker& in, size_t& rank) {
  std::array<uint8_t, 4> magic{};
  const size_t got = in.read(magic.data(), magic.size());
  if (got < magic.size()) truncated(file, "magic number");
  for (const IdxType& t : kIdxTypes) {
    if (magic[0] == 0 && magic[1] == 0 && magic[2] == t.code) {
      rank = magic[3];
      return t;
    }
  }
  raise<DataError>(
      "data: {}: not an IDX file: its magic number is 0x{:02x}{:02x}{:02x}{:02x}, of images it would be 0x00000803",
      file.name, magic[0], magic[1], magic[2], magic[3]);
}

std::vector<int64_t> read_extents(const FileBytes& file, Unpacker& in, size_t rank) {
  std::vector<uint8_t> bytes(4 * rank);
  if (in.read(bytes.data(), bytes.size()) < bytes.size()) truncated(file, "header");
  std::vector<int64_t> dims(rank);
  for (size_t i = 0; i < rank; ++i) {
    for (size_t k = 0; k < 4; ++k) dims[i] = dims[i] << 8 | bytes[4 * i + k];
  }
  return dims;
}

// Bytes of all elements, if the file can hold so many. Extents beside a 0 count too: their product must be a number.
std::optional<size_t> payload(const std::vector<int64_t>& dims, size_t element, uint64_t at_most) {
  int64_t bytes = static_cast<int64_t>(element);
  for (int64_t d : dims) {
    if (d != 0 && __builtin_mul_overflow(bytes, d, &bytes)) return std::nullopt;
  }
  if (std::find(dims.begin(), dims.end(), 0) != dims.end()) return 0;
  if (static_cast<uint64_t>(bytes) > at_most) return std::nullopt;
  return static_cast<size_t>(bytes);
}

// Memory grows with what is there: deflate could pack a thousand times the file's size.
std::vector<uint8_t> read_elements(const FileBytes& file, Unpacker& in, size_t bytes) {
  std::vector<uint8_t> raw;
  while (raw.size() < bytes) {
    const size_t used = raw.size(), step = std::min(bytes - used, std::max(used, size_t{1} << 20));
    raw.resize(used + step);
    if (in.read(raw.data() + used, step) < step) truncated(file, "elements");
  }
  return raw;
}

uint64_t big_endian(const uint8_t* p, size_t n) {
  uint64_t v = 0;
  for (size_t k = 0; k < n; ++k) v = v << 8 | p[k];
  return v;
}

Tensor convert(const std::vector<uint8_t>& raw, const IdxType& type, Shape shape) {
  if (type.dtype == DType::uint8) return Tensor::from(raw, std::move(shape));
  const Tensor y = Tensor::uninitialized(std::move(shape), type.dtype);
  const auto n = static_cast<size_t>(y.elements());
  for (size_t i = 0; i < n; ++i) {
    const uint64_t v = big_endian(raw.data() + i * type.bytes, type.bytes);
    switch (type.code) {
      case 0x09: y.mutable_data_as<int32_t>()[i] = static_cast<int8_t>(v); break;
      case 0x0b: y.mutable_data_as<int32_t>()[i] = static_cast<int16_t>(v); break;
      case 0x0c: y.mutable_data_as<int32_t>()[i] = static_cast<int32_t>(v); break;
      case 0x0d: y.mutable_data_as<float>()[i] = std::bit_cast<float>(static_cast<uint32_t>(v)); break;
      default: y.mutable_data_as<double>()[i] = std::bit_cast<double>(v); break;
    }
  }
  return y;
}

void append_big_endian(std::string& out, uint64_t v, size_t n) {
  for (size_t k = n; k-- > 0;) out += static_cast<char>(v >> (8 * k));
}

template <class Bits, class T> void append_elements(std::string& out, const Tensor& x) {
  for (T v : x.span<T>()) append_big_endian(out, std::bit_cast<Bits>(v), sizeof(T));
}

}  // namespace

Tensor read_idx(const FileBytes& file) {
  Unpacker in(file);
  size_t rank = 0;
  const IdxType type = read_magic(file, in, rank);
  const Shape shape(read_extents(file, in, rank));
  const auto bytes = payload(shape.dims(), type.bytes, in.at_most());
  if (!bytes) {
    raise<DataError>(
        "data: {}: truncated or damaged: its header claims {} elements of {} bytes, the file can't hold them",
        file.name, shape.to_string(), type.bytes);
  }
  const std::vector<uint8_t> raw = read_elements(file, in, *bytes);
  char extra;
  if (in.read(&extra, 1) > 0) {
    raise<DataError>("data: {}: damaged: bytes follow the {} elements that its header names", file.name,
                     shape.to_string());
  }
  return convert(raw, type, shape);
}

Tensor read_idx(const std::filesystem::path& path) { return read_idx(read_file(path)); }

void write_idx(const std::filesystem::path& path, const Tensor& x) {
  const Tensor packed = contiguous(x.to(cpu));
  std::string out(2, '\0');
  const auto begin = [&](uint8_t code) {
    out += static_cast<char>(code);
    append_big_endian(out, static_cast<uint64_t>(packed.rank()), 1);
    for (int64_t extent : packed.shape()) append_big_endian(out, static_cast<uint64_t>(extent), 4);
  };
  for (int64_t extent : packed.shape()) {
    if (extent > int64_t{0xffffffff}) raise("write_idx: an axis of {} is too long for the format's 32 bits", extent);
  }
  switch (packed.dtype()) {
    case DType::uint8:
      begin(0x08);
      append_elements<uint8_t, uint8_t>(out, packed);
      break;
    case DType::int32:
      begin(0x0c);
      append_elements<uint32_t, int32_t>(out, packed);
      break;
    case DType::float32:
      begin(0x0d);
      append_elements<uint32_t, float>(out, packed);
      break;
    case DType::float64:
      begin(0x0e);
      append_elements<uint64_t, double>(out, packed);
      break;
    default: raise("write_idx: IDX has no {} elements; convert with to(dtype)", name_of(packed.dtype()));
  }
  write_file_atomically(path, out);
}

}  // namespace stet::data
