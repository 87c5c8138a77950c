#include "stet/nn/weights/safetensors.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

#include "stet/nn/weights/safetensors_header.h"
#include "stet/tensor/error.h"
#include "stet/tensor/files.h"
#include "stet/tensor/half.h"

namespace stet::nn {
namespace fs = std::filesystem;
namespace {

static_assert(std::endian::native == std::endian::little, "a file's elements are as they lie in memory");

constexpr size_t kChunk = size_t{1} << 20;  // bytes read at once of elements that are converted

// A type of the format that has a dtype here, of which every value of it is one.
struct Type {
  std::string_view name;
  DType dtype;
};
// Tensors are written in this order of their types, from the last to the first, as the format's own implementation
// does.
constexpr std::array<Type, 12> kReadable{{{"BOOL", DType::boolean},
                                          {"U8", DType::uint8},
                                          {"I8", DType::int32},
                                          {"I16", DType::int32},
                                          {"U16", DType::int32},
                                          {"F16", DType::float32},
                                          {"BF16", DType::float32},
                                          {"I32", DType::int32},
                                          {"U32", DType::int64},
                                          {"F32", DType::float32},
                                          {"F64", DType::float64},
                                          {"I64", DType::int64}}};

const Type* readable(std::string_view name) {
  const auto at = std::find_if(kReadable.begin(), kReadable.end(), [&](const Type& t) { return t.name == name; });
  return at == kReadable.end() ? nullptr : &*at;
}

uint64_t memory_of_machine() {
  return static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGE_SIZE));
}

}  // namespace

class Safetensors::File {
 public:
  explicit File(const fs::path& path) : path_(path), file_(open_file(path)) {
    const auto size = static_cast<uint64_t>(identity_of(file_, path_).size);
    uint64_t length = 0;
    if (size < sizeof(length))
      raise<DataError>("{}: truncated: {} bytes are no safetensors file", path_.string(), size);
    read_at(file_, std::as_writable_bytes(std::span(&length, 1)), 0, path_);
    if (length > kMostHeaderBytes || length > size - sizeof(length)) {
      raise<DataError>("{}: truncated or no safetensors file: its first bytes claim a header of {} bytes, it has {}",
                       path_.string(), length, size);
    }
    begin_ = sizeof(length) + length;
    std::string json(static_cast<size_t>(length), '\0');
    read_at(file_, std::as_writable_bytes(std::span(json)), sizeof(length), path_);
    header_ = parse_header(json, size - begin_, path_.string());
  }

  const Header& header() const { return header_; }
  const fs::path& path() const { return path_; }

  Tensor read(const std::string& name) const {
    const HeaderEntry& entry = header_.tensors.at(name);
    const Type* type = readable(entry.type);
    if (type == nullptr) {
      raise<DataError>("{}: tensor '{}' is of {}, which has no dtype here; convert it to F32 before", path_.string(),
                       shown(name), entry.type);
    }
    check_memory(name, entry, type->dtype);
    const Tensor y = Tensor::uninitialized(Shape(entry.shape), type->dtype);
    if (entry.type == "F16") convert<uint16_t, float>(entry, y, from_float16);
    else if (entry.type == "BF16") convert<uint16_t, float>(entry, y, from_bfloat16);
    else if (entry.type == "I8") convert<int8_t, int32_t>(entry, y, std::identity());
    else if (entry.type == "I16") convert<int16_t, int32_t>(entry, y, std::identity());
    else if (entry.type == "U16") convert<uint16_t, int32_t>(entry, y, std::identity());
    else if (entry.type == "U32") convert<uint32_t, int64_t>(entry, y, std::identity());
    else read_at(file_, {y.mutable_data_as<std::byte>(), bytes_of(entry)}, begin_ + entry.begin, path_);
    if (type->dtype == DType::boolean) check_booleans(name, y);
    return y;
  }

 private:
  static size_t bytes_of(const HeaderEntry& entry) { return static_cast<size_t>(entry.end - entry.begin); }

  // A file may be sparse: a header's terabytes need no disk.
  void check_memory(const std::string& name, const HeaderEntry& entry, DType dtype) const {
    const auto bits = static_cast<uint64_t>(bits_of(entry.type));
    const uint64_t elements = (entry.end - entry.begin) / (bits / 8), there = memory_of_machine();
    if (elements > there / size_of(dtype)) {
      raise<MemoryError>("{}: tensor '{}' has {} elements of {} bytes, more than this machine's memory of {}",
                         path_.string(), shown(name), elements, size_of(dtype), there);
    }
  }

  template <class Stored, class T, class Convert>
  void convert(const HeaderEntry& entry, const Tensor& y, const Convert& one) const {
    std::vector<Stored> part(std::min(bytes_of(entry), kChunk) / sizeof(Stored));
    T* out = y.mutable_data_as<T>();
    for (uint64_t at = entry.begin; at < entry.end;) {
      const std::span<Stored> some(part.data(), std::min<size_t>(part.size(), (entry.end - at) / sizeof(Stored)));
      read_at(file_, std::as_writable_bytes(some), begin_ + at, path_);
      for (const Stored v : some) *out++ = static_cast<T>(one(v));
      at += some.size_bytes();
    }
  }

  void check_booleans(const std::string& name, const Tensor& y) const {
    const std::span<const uint8_t> bytes(y.data_as<uint8_t>(), static_cast<size_t>(y.elements()));
    if (std::any_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b > 1; }))
      raise<DataError>("{}: damaged: tensor '{}' is of BOOL and has bytes that are neither 0 nor 1", path_.string(),
                       shown(name));
  }

  fs::path path_;
  Descriptor file_;
  uint64_t begin_ = 0;  // of the tensors' bytes
  Header header_;
};

Safetensors::Safetensors(const fs::path& path) : path_(path) {
  std::error_code none;
  if (fs::is_directory(path, none)) {
    path_ = path / "model.safetensors.index.json";
    if (!fs::exists(path_, none)) path_ = path / "model.safetensors";
    if (!fs::exists(path_, none))
      raise<DataError>("{}: holds neither model.safetensors nor model.safetensors.index.json", path.string());
  }
  if (path_.extension() == ".json") open_index(path_);
  else open(path_);
}

Safetensors::~Safetensors() = default;
Safetensors::Safetensors(Safetensors&&) noexcept = default;
Safetensors& Safetensors::operator=(Safetensors&&) noexcept = default;

void Safetensors::open(const fs::path& path) {
  files_.push_back(std::make_unique<File>(path));
  const File& file = *files_.back();
  if (files_.size() == 1) metadata_ = file.header().metadata;
  for (const auto& [name, entry] : file.header().tensors) {
    const Type* type = readable(entry.type);
    if (!file_of_.emplace(name, &file).second) {
      raise<DataError>("{}: damaged: tensor '{}' is in {} too", path.string(), shown(name),
                       file_of_.at(name)->path().string());
    }
    tensors_[name] = {entry.type, entry.shape, type != nullptr ? type->dtype : DType::float32, type != nullptr};
  }
}

void Safetensors::open_index(const fs::path& index) {
  const Descriptor file = open_file(index);
  if (static_cast<uint64_t>(identity_of(file, index).size) > kMostHeaderBytes)
    raise<DataError>("{}: too large for an index of weights", index.string());
  const auto map = parse_index(read_all(file, index), index.string());
  std::set<std::string> names;
  for (const auto& [tensor, name] : map) {
    // A file beside the index, and none that its text could reach elsewhere.
    if (name.empty() || name == "." || name == ".." || name.find_first_of(std::string("/\0", 2)) != name.npos)
      raise<DataError>("{}: damaged: it puts '{}' in '{}', which is no file's name", index.string(), shown(tensor),
                       shown(name));
    names.insert(name);
  }
  for (const std::string& name : names) open(index.parent_path() / name);
  for (const auto& [tensor, name] : map) {
    const auto at = file_of_.find(tensor);
    if (at == file_of_.end() || at->second->path().filename() != name)
      raise<DataError>("{}: damaged: tensor '{}' is not in {}", index.string(), shown(tensor), shown(name));
  }
  for (const auto& [tensor, at] : file_of_) {
    if (!map.contains(tensor))
      raise<DataError>("{}: damaged: it doesn't name tensor '{}' of {}", index.string(), shown(tensor),
                       at->path().string());
  }
}

Tensor Safetensors::read(const std::string& name) const {
  const auto at = file_of_.find(name);
  if (at == file_of_.end()) raise("{}: has no tensor '{}'", path_.string(), shown(name));
  return at->second->read(name);
}

std::map<std::string, Tensor> read_safetensors(const fs::path& path) {
  const Safetensors file(path);
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, stored] : file.tensors()) tensors[name] = file.read(name);
  return tensors;
}

namespace {

// Position among the types, the last of equal names: "F32" for float32.
size_t rank_of(DType dtype) {
  for (size_t i = kReadable.size(); i-- > 0;) {
    if (kReadable[i].dtype == dtype && size_of(dtype) * 8 == static_cast<size_t>(bits_of(kReadable[i].name))) return i;
  }
  refuse_dtype(dtype, "float32, float64, int32, int64, uint8 or bool");
}

std::string quoted(const std::string& text, const char* what) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) { raise("write_safetensors: the {} '{}' is no UTF-8", what, shown(text)); }
}

std::string entry_text(const std::string& name, const Tensor& t, uint64_t begin, uint64_t end) {
  return fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}", quoted(name, "name"),
                     kReadable[rank_of(t.dtype())].name, fmt::join(t.shape().dims(), ","), begin, end);
}

std::string metadata_text(const std::map<std::string, std::string>& metadata) {
  std::string text;
  for (const auto& [key, value] : metadata)
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", quoted(key, "metadata"), quoted(value, "metadata"));
  return "\"__metadata__\":{" + text + "}";
}

}  // namespace

void write_safetensors(const fs::path& path, const std::map<std::string, Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  using Named = std::pair<const std::string, Tensor>;
  std::vector<const Named*> order;
  for (const Named& named : tensors) {
    if (named.first.empty() || named.first == "__metadata__")
      raise("write_safetensors: '{}' can't be a tensor's name", named.first);
    order.push_back(&named);
  }
  // Widest elements first, so that all are aligned; by name within a type.
  std::stable_sort(order.begin(), order.end(), [](const Named* a, const Named* b) {
    return rank_of(a->second.dtype()) > rank_of(b->second.dtype());
  });
  std::string header = metadata.empty() ? "" : metadata_text(metadata);
  uint64_t at = 0;
  for (const Named* named : order) {
    const uint64_t end = at + static_cast<uint64_t>(named->second.elements()) * size_of(named->second.dtype());
    header += (header.empty() ? "" : ",") + entry_text(named->first, named->second, at, end);
    at = end;
  }
  header = "{" + header + "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  if (header.size() > kMostHeaderBytes)
    raise("write_safetensors: {}: {} tensors are more than a header can name", path.string(), tensors.size());
  const uint64_t length = header.size();
  NewFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(header);
  for (const Named* named : order) {
    const Tensor t = contiguous(named->second.detach().to(cpu));
    file.write({t.data_as<std::byte>(), static_cast<size_t>(t.elements()) * size_of(t.dtype())});
  }
  file.commit();
}

}  // namespace stet::nn
