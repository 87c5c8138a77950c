#include "stet/data/npy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <set>

#include "stet/data/gzip.h"
#include "stet/data/zip.h"
#include "stet/tensor/error.h"
#include "stet/tensor/half.h"
#include "stet/tensor/ops/masks.h"
#include "stet/tensor/ops/rounding.h"

namespace stet::data {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are written as they lie in memory");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kAlignment = 64;  // of the elements in the file
constexpr size_t kMostAxes = 64;   // NumPy 2 has as many

struct NumpyType {
  std::string_view code;  // without its byte order
  size_t bytes;
  DType dtype;
};
constexpr std::array<NumpyType, 11> kNumpyTypes{{{"b1", 1, DType::boolean},
                                                 {"u1", 1, DType::uint8},
                                                 {"i1", 1, DType::int32},
                                                 {"i2", 2, DType::int32},
                                                 {"u2", 2, DType::int32},
                                                 {"f2", 2, DType::float32},
                                                 {"i4", 4, DType::int32},
                                                 {"u4", 4, DType::int64},
                                                 {"f4", 4, DType::float32},
                                                 {"i8", 8, DType::int64},
                                                 {"f8", 8, DType::float64}}};

struct Header {
  NumpyType type;
  bool big_endian = false, fortran_order = false;
  std::vector<int64_t> shape;
};

// A header is a dictionary as Python writes it: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
class HeaderReader {
 public:
  HeaderReader(const std::string& name, std::string_view text) : name_(name), text_(text) {}

  Header read() {
    expect('{');
    std::set<std::string_view> keys;
    while (!take('}')) {
      const std::string_view key = string();
      expect(':');
      if (!keys.insert(key).second) damaged("its header has a key twice");
      if (key == "descr") type();
      else if (key == "fortran_order") header_.fortran_order = boolean();
      else if (key == "shape") shape();
      else damaged("its header has a key that the format has not");
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    blanks();
    if (!text_.empty()) damaged("something follows in its header");
    if (keys.size() != 3) damaged("its header lacks descr, fortran_order or shape");
    return std::move(header_);
  }

 private:
  [[noreturn]] void damaged(const char* why) const { raise<DataError>("data: {}: damaged: {}", name_, why); }

  void blanks() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n')) text_.remove_prefix(1);
  }
  bool take(char c) {
    blanks();
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!take(c)) damaged("its header is not that of a NumPy array");
  }
  std::string_view string() {
    const char quote = take('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    const size_t end = text_.find(quote);
    if (end == text_.npos) damaged("a text in its header has no end");
    const std::string_view value = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return value;
  }
  bool boolean() {
    blanks();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (!text_.starts_with(word)) continue;
      text_.remove_prefix(word.size());
      return value;
    }
    damaged("fortran_order in its header is neither True nor False");
  }
  void shape() {
    expect('(');
    while (!take(')')) {
      int64_t extent = -1;
      blanks();
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), extent);
      if (error != std::errc() || extent < 0) damaged("an extent in its header is no number");
      text_.remove_prefix(static_cast<size_t>(end - text_.data()));
      if (header_.shape.size() == kMostAxes) damaged("its header has more than 64 axes");
      header_.shape.push_back(extent);
      if (!take(',')) {
        expect(')');
        break;
      }
    }
  }
  void type() {
    if (!take_type(take('[') ? "" : string()))
      raise<DataError>(
          "data: {}: its elements are no plain numbers that have a dtype here; save floats, integers or bools", name_);
  }
  bool take_type(std::string_view text) {
    if (text.size() != 3 || std::string_view("<>|").find(text[0]) == text.npos) return false;
    const auto at = std::find_if(kNumpyTypes.begin(), kNumpyTypes.end(),
                                 [&](const NumpyType& t) { return t.code == text.substr(1); });
    if (at == kNumpyTypes.end() || (text[0] == '|' && at->bytes > 1)) return false;
    header_.type = *at;
    header_.big_endian = text[0] == '>';
    return true;
  }

  const std::string& name_;
  std::string_view text_;
  Header header_;
};

// Bytes of all elements; none where there is no such number.
std::optional<size_t> payload(const Header& header) {
  size_t bytes = header.type.bytes;
  for (int64_t extent : header.shape) {
    if (extent != 0 && __builtin_mul_overflow(bytes, static_cast<size_t>(extent), &bytes)) return std::nullopt;
  }
  return std::find(header.shape.begin(), header.shape.end(), 0) == header.shape.end() ? bytes : 0;
}

template <class Stored> Stored stored_at(const char* from, bool big_endian) {
  std::array<char, sizeof(Stored)> bytes;
  std::memcpy(bytes.data(), from, bytes.size());
  if (big_endian) std::reverse(bytes.begin(), bytes.end());
  return std::bit_cast<Stored>(bytes);
}

template <class Stored, class T> void convert(std::string_view from, bool big_endian, const Tensor& y) {
  T* out = y.mutable_data_as<T>();
  for (size_t i = 0; i < from.size(); i += sizeof(Stored))
    *out++ = static_cast<T>(stored_at<Stored>(from.data() + i, big_endian));
}

Tensor elements(const std::string& name, const Header& header, std::string_view bytes) {
  // In Fortran's order the first axis runs fastest: the memory is that of the reversed shape.
  std::vector<int64_t> dims = header.shape;
  if (header.fortran_order) std::reverse(dims.begin(), dims.end());
  const Tensor y = Tensor::uninitialized(Shape(dims), header.type.dtype);
  const std::string_view code = header.type.code;
  if (code == "b1" && std::any_of(bytes.begin(), bytes.end(), [](char c) { return c != 0 && c != 1; }))
    raise<DataError>("data: {}: damaged: a bool is neither 0 nor 1", name);
  if (code == "i1") convert<int8_t, int32_t>(bytes, false, y);
  else if (code == "i2") convert<int16_t, int32_t>(bytes, header.big_endian, y);
  else if (code == "u2") convert<uint16_t, int32_t>(bytes, header.big_endian, y);
  else if (code == "u4") convert<uint32_t, int64_t>(bytes, header.big_endian, y);
  else if (code == "f2") {
    float* out = y.mutable_data_as<float>();
    for (size_t i = 0; i < bytes.size(); i += 2)
      *out++ = from_float16(stored_at<uint16_t>(bytes.data() + i, header.big_endian));
  } else if (header.big_endian && header.type.bytes == 4) convert<uint32_t, uint32_t>(bytes, true, y);
  else if (header.big_endian && header.type.bytes == 8) convert<uint64_t, uint64_t>(bytes, true, y);
  else if (!bytes.empty()) std::memcpy(y.mutable_data(), bytes.data(), bytes.size());
  if (!header.fortran_order || dims.size() < 2) return y;
  std::vector<int> axes;
  for (size_t i = dims.size(); i-- > 0;) axes.push_back(static_cast<int>(i));
  return contiguous(y.permute(axes));
}

Tensor parse(const std::string& name, std::string_view bytes) {
  const auto require = [&](size_t n) {
    if (bytes.size() < n) raise<DataError>("data: {}: truncated: it ends within its header", name);
  };
  if (!bytes.starts_with(kMagic))
    raise<DataError>("data: {}: not a NumPy file: it doesn't begin with \\x93NUMPY", name);
  require(kMagic.size() + 2);
  const auto version = static_cast<uint8_t>(bytes[kMagic.size()]);
  if (version < 1 || version > 3)
    raise<DataError>("data: {}: is of version {} of NumPy's format, 1 to 3 are known", name, version);
  const size_t width = version == 1 ? 2 : 4;
  bytes.remove_prefix(kMagic.size() + 2);
  require(width);
  size_t length = 0;
  for (size_t k = 0; k < width; ++k) length |= static_cast<size_t>(static_cast<uint8_t>(bytes[k])) << (8 * k);
  require(width + length);
  const Header header = HeaderReader(name, bytes.substr(width, length)).read();
  bytes.remove_prefix(width + length);
  const auto size = payload(header);
  if (!size || *size != bytes.size()) {
    raise<DataError>("data: {}: truncated or damaged: {} elements of {} bytes are not the {} bytes behind its header",
                     name, Shape(header.shape).to_string(), header.type.bytes, bytes.size());
  }
  return elements(name, header, bytes);
}

std::string_view code_of(DType dtype) {
  switch (dtype) {
    case DType::float32: return "<f4";
    case DType::float64: return "<f8";
    case DType::int32: return "<i4";
    case DType::int64: return "<i8";
    case DType::uint8: return "|u1";
    case DType::boolean: return "|b1";
  }
  refuse_dtype(dtype, "float32, float64, int32, int64, uint8 or bool");
}

std::string format(const Tensor& x) {
  std::string shape = fmt::format("{}", fmt::join(x.shape().dims(), ", "));
  if (x.rank() == 1) shape += ",";
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", code_of(x.dtype()), shape);
  // NumPy leaves room for the first axis to grow in place, to 21 digits, and fills up with blanks.
  if (x.rank() > 0) header.append(21 - std::to_string(x.size(0)).size(), ' ');
  const size_t before = kMagic.size() + 4;
  header.append(kAlignment - (before + header.size() + 1) % kAlignment, ' ');
  header += '\n';
  std::string bytes(kMagic);
  bytes += std::string("\1\0", 2);
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  Tensor packed = contiguous(x.detach().to(cpu));
  // Which sign and payload a NaN has differs between instruction sets.
  if (is_floating(packed.dtype())) packed = where(isnan(packed), std::numeric_limits<double>::quiet_NaN(), packed);
  bytes.append(packed.data_as<char>(), static_cast<size_t>(packed.elements()) * size_of(packed.dtype()));
  return bytes;
}

}  // namespace

Tensor read_npy(const FileBytes& file) {
  return file.bytes.starts_with(kMagic) ? parse(file.name, file.bytes) : parse(file.name, unpack(file));
}

Tensor read_npy(const std::filesystem::path& path) { return read_npy(read_file(path)); }

void write_npy(const std::filesystem::path& path, const Tensor& x) { write_file_atomically(path, format(x)); }

std::map<std::string, Tensor> read_npz(const FileBytes& file) {
  std::map<std::string, Tensor> arrays;
  for (const ZipMember& member : read_zip(file)) {
    std::string name = member.name;
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    const std::string shown = fmt::format("{}: {}", file.name, printable_name(member.name));
    if (!arrays.emplace(name, parse(shown, unpack_member(file, member))).second)
      raise<DataError>("data: {}: damaged: it holds the name twice", shown);
  }
  return arrays;
}

std::map<std::string, Tensor> read_npz(const std::filesystem::path& path) { return read_npz(read_file(path)); }

void write_npz(const std::filesystem::path& path, const std::map<std::string, Tensor>& arrays) {
  std::map<std::string, std::string> members;
  for (const auto& [name, x] : arrays) members[name + ".npy"] = format(x);
  write_file_atomically(path, make_zip(members));
}

}  // namespace stet::data
