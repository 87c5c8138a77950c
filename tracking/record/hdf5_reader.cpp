// Offsets, sizes and message types are those of the "HDF5 File Format Specification", version 1.1.
#include "stet/tracking/record/hdf5_reader.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "stet/tensor/error.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking::hdf5 {
namespace {

using Bytes = std::span<const std::byte>;

constexpr uint64_t kUndefined = ~uint64_t{0};  // the address of what takes no place
constexpr size_t kRankLimit = 32;              // HDF5's own
constexpr size_t kPathsLimit = 16;             // all paths together have at most so many times the file's bytes

enum MessageType : uint16_t {
  kNil = 0x00,
  kDataspace = 0x01,
  kDatatype = 0x03,
  kOldFillValue = 0x04,
  kFillValue = 0x05,
  kLayout = 0x08,
  kAttribute = 0x0C,
  kContinuation = 0x10,
  kSymbolTable = 0x11,
};

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// The part of an encoded datatype that says what it is; what pads it follows.
struct KnownType {
  Type type;
  size_t element;
  std::string_view code;
};

using namespace std::string_view_literals;
constexpr std::array<KnownType, 7> kKnownTypes{{
    {Type::float32, 4, "\x11\x20\x1f\0\x04\0\0\0\0\0\x20\0\x17\x08\0\x17\x7f\0\0\0"sv},
    {Type::float64, 8, "\x11\x20\x3f\0\x08\0\0\0\0\0\x40\0\x34\x0b\0\x34\xff\x03\0\0"sv},
    {Type::int32, 4, "\x10\x08\0\0\x04\0\0\0\0\0\x20\0"sv},
    {Type::int64, 8, "\x10\x08\0\0\x08\0\0\0\0\0\x40\0"sv},
    {Type::uint8, 1, "\x10\0\0\0\x01\0\0\0\0\0\x08\0"sv},
    {Type::uint64, 8, "\x10\0\0\0\x08\0\0\0\0\0\x40\0"sv},
    // The enumeration {FALSE, TRUE} of one byte that h5py reads as bool.
    {Type::boolean, 1, "\x18\x02\0\0\x01\0\0\0\x10\x08\0\0\x01\0\0\0\0\0\x08\0FALSE\0\0\0TRUE\0\0\0\0\0\x01"sv},
}};

struct Message {
  uint16_t type;
  Bytes body;
};

class Reader {
 public:
  Reader(Bytes file, size_t begin, const std::string& name)
      : file_(begin <= file.size() ? file.subspan(begin) : Bytes()), name_(name) {}

  Tree read() {
    if (text_of(at(0, 8)) != "\x89HDF\r\n\x1a\n") refuse("it holds no HDF5 file");
    const Bytes head = at(0, 96);
    if (number(head, 8, 1) != 0 || number(head, 13, 1) != 8 || number(head, 14, 1) != 8)
      refuse("its superblock is another version's");
    read_group(symbol_table_of(number(head, 64)), "", 0);
    return std::move(tree_);
  }

 private:
  [[noreturn]] void refuse(std::string_view why) const {
    raise<DataError>("{}: damaged, or not written by Stet: {}", name_, why);
  }
  [[noreturn]] void refuse(const std::string& path, std::string_view why) const {
    raise<DataError>("{}: {}: damaged, or not written by Stet: {}", name_, printable(path), why);
  }

  Bytes part(Bytes bytes, uint64_t from, uint64_t size) const {
    if (from > bytes.size() || size > bytes.size() - from) refuse("a part of it lies outside");
    return bytes.subspan(from, size);
  }
  Bytes at(uint64_t address, uint64_t size) const { return part(file_, address, size); }

  uint64_t number(Bytes bytes, uint64_t from, size_t size = 8) const {
    const Bytes digits = part(bytes, from, size);
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value |= static_cast<uint64_t>(digits[i]) << (8 * i);
    return value;
  }

  // A part of what says where the data lies. No two of these lie on one another.
  Bytes structure_at(uint64_t address, uint64_t size) {
    const Bytes bytes = at(address, size);
    structure_ += size;  // no overflow: each lies within the file
    if (structure_ > file_.size()) refuse("its parts lie on one another");
    return bytes;
  }

  // Whatever is reached by an address is reached once, so that the work is bounded by the file's size.
  void visit(uint64_t address) {
    if (!visited_.insert(address).second) refuse("two names lead to one place");
  }

  std::vector<Message> messages(uint64_t address) {
    visit(address);
    const Bytes head = at(address, 16);
    if (number(head, 0, 1) != 1) refuse("an object's header is another version's");
    std::vector<Message> messages;
    std::vector<Bytes> blocks{structure_at(address + 16, number(head, 8, 4))};
    for (size_t b = 0; b < blocks.size(); ++b) {
      for (Bytes rest = blocks[b]; rest.size() >= 8;) {
        const uint64_t size = number(rest, 2, 2);
        if (number(rest, 4, 1) & 2) refuse("a message is shared");
        const Message message{static_cast<uint16_t>(number(rest, 0, 2)), part(rest, 8, size)};
        rest = rest.subspan(8 + size);
        if (message.type == kContinuation) {
          const uint64_t next = number(message.body, 0);
          visit(next);
          blocks.push_back(structure_at(next, number(message.body, 8)));
        } else if (message.type != kNil && message.type != kFillValue && message.type != kOldFillValue) {
          messages.push_back(message);
        }
      }
    }
    return messages;
  }

  Bytes symbol_table_of(uint64_t header) {
    const auto found = messages(header);
    if (found.size() != 1 || found[0].type != kSymbolTable) refuse("its root is no group");
    return found[0].body;
  }

  void read_group(Bytes symbol_table, const std::string& path, int depth) {
    if (depth > kDepthLimit) refuse(path, "groups lie too deep in one another");
    const Bytes heap = at(number(symbol_table, 8), 32);
    if (text_of(heap.first(4)) != "HEAP") refuse(path, "its names are missing");
    const Bytes names = at(number(heap, 24), number(heap, 8));
    read_node(number(symbol_table, 0), std::nullopt, names, path, depth);
  }

  // A node of the group's B-tree, whose leaves' children are tables of symbols.
  void read_node(uint64_t address, std::optional<uint64_t> level, Bytes names, const std::string& path, int depth) {
    visit(address);
    const Bytes head = at(address, 24);
    if (text_of(head.first(4)) != "TREE" || number(head, 4, 1) != 0) refuse(path, "its list of names is damaged");
    const uint64_t here = number(head, 5, 1), children = number(head, 6, 2);
    if (level && here != *level) refuse(path, "its list of names is damaged");
    const Bytes entries = structure_at(address + 24, 16 * children);
    for (uint64_t i = 0; i < children; ++i) {
      const uint64_t child = number(entries, 16 * i + 8);
      if (here > 0) read_node(child, here - 1, names, path, depth);
      else read_symbols(child, names, path, depth);
    }
  }

  void read_symbols(uint64_t address, Bytes names, const std::string& path, int depth) {
    visit(address);
    const Bytes head = at(address, 8);
    if (text_of(head.first(4)) != "SNOD") refuse(path, "its list of names is damaged");
    const uint64_t count = number(head, 6, 2);
    const Bytes entries = structure_at(address + 8, 40 * count);
    for (uint64_t i = 0; i < count; ++i) read_symbol(entries.subspan(40 * i, 40), names, path, depth);
  }

  std::string_view name_at(Bytes names, uint64_t offset) const {
    const std::string_view rest = text_of(part(names, offset, names.size() - std::min<uint64_t>(offset, names.size())));
    const size_t end = rest.find('\0');
    if (end == rest.npos) refuse("a name has no end");
    return rest.substr(0, end);
  }

  void read_symbol(Bytes entry, Bytes names, const std::string& group, int depth) {
    const std::string_view name = name_at(names, number(entry, 0));
    if (name.empty() || name.find('/') != name.npos) refuse(group, "a name in it is none");
    const std::string path = group.empty() ? std::string(name) : group + "/" + std::string(name);
    paths_ += path.size();
    if (paths_ > kPathsLimit * file_.size()) refuse("its names are too long");
    if (number(entry, 16, 4) == 2) {
      const std::string_view target = name_at(names, number(entry, 24, 4));
      if (target.size() < 2 || target.front() != '/') refuse(path, "it leads nowhere");
      paths_ += target.size();
      if (paths_ > kPathsLimit * file_.size()) refuse("its names are too long");
      tree_.links.push_back({path, std::string(target.substr(1))});
      return;
    }
    const auto found = messages(number(entry, 8));
    if (found.size() == 1 && found[0].type == kSymbolTable) read_group(found[0].body, path, depth + 1);
    else read_dataset(found, path);
  }

  void read_dataset(const std::vector<Message>& messages, const std::string& path) {
    Dataset dataset{.path = path, .kind = {}, .type = {}, .element = 0, .shape = {}, .data = {}};
    read_shape(one(messages, kDataspace, path), dataset);
    read_type(one(messages, kDatatype, path), dataset);
    dataset.kind = kind_of(one(messages, kAttribute, path), path);
    if (messages.size() != 4) refuse(path, "it is stored otherwise than Stet stores");
    dataset.data = data_of(one(messages, kLayout, path), dataset);
    tree_.datasets.push_back(std::move(dataset));
  }

  Bytes one(const std::vector<Message>& messages, MessageType type, const std::string& path) const {
    const auto is_it = [&](const Message& m) { return m.type == type; };
    if (std::count_if(messages.begin(), messages.end(), is_it) != 1)
      refuse(path, "it is stored otherwise than Stet stores");
    return std::find_if(messages.begin(), messages.end(), is_it)->body;
  }

  void read_shape(Bytes space, Dataset& dataset) const {
    const uint64_t rank = number(space, 1, 1);
    if (number(space, 0, 1) != 1 || rank > kRankLimit) refuse(dataset.path, "its shape is no shape");
    for (uint64_t i = 0; i < rank; ++i) {
      const auto extent = static_cast<int64_t>(number(space, 8 + 8 * i));
      if (extent < 0) refuse(dataset.path, "its shape is no shape");
      dataset.shape.push_back(extent);
    }
  }

  void read_type(Bytes type, Dataset& dataset) const {
    for (const KnownType& known : kKnownTypes) {
      if (!text_of(type).starts_with(known.code)) continue;
      dataset.type = known.type;
      dataset.element = known.element;
      return;
    }
    // UTF-8 of a fixed length, padded with zeros.
    if (!text_of(type).starts_with("\x13\x11\0\0"sv)) refuse(dataset.path, "its element type is none that Stet stores");
    dataset.type = Type::string;
    dataset.element = number(type, 4, 4);
  }

  std::string kind_of(Bytes attribute, const std::string& path) const {
    const auto padded = [](uint64_t size) { return (size + 7) / 8 * 8; };
    const uint64_t name_size = number(attribute, 2, 2), type_at = 8 + padded(name_size),
                   space_at = type_at + padded(number(attribute, 4, 2)),
                   value_at = space_at + padded(number(attribute, 6, 2));
    if (number(attribute, 0, 1) != 1 || text_of(part(attribute, 8, name_size)) != "kind\0"sv ||
        text_of(part(attribute, type_at, 4)) != "\x13\x01\0\0"sv || number(attribute, space_at, 2) != 1)
      refuse(path, "it does not say its kind");
    return std::string(text_of(part(attribute, value_at, number(attribute, type_at + 4, 4))));
  }

  Bytes data_of(Bytes layout, const Dataset& dataset) {
    uint64_t size = dataset.element;
    for (const int64_t extent : dataset.shape) {
      if (__builtin_mul_overflow(size, static_cast<uint64_t>(extent), &size)) refuse(dataset.path, "it is too large");
    }
    if (number(layout, 0, 1) != 3) refuse(dataset.path, "it is stored otherwise than Stet stores");
    constexpr uint64_t compact = 0, contiguous = 1;
    const uint64_t kind = number(layout, 1, 1);
    if (kind == compact && number(layout, 2, 2) == size) return part(layout, 4, size);
    if (kind != contiguous) refuse(dataset.path, "it is stored otherwise than Stet stores");
    const uint64_t address = number(layout, 2);
    if (size == 0 && (address == kUndefined || number(layout, 10) == 0)) return {};
    if (number(layout, 10) != size) refuse(dataset.path, "it has not the bytes that its shape takes");
    taken_ += size;  // no overflow: each lies within the file
    const Bytes data = at(address, size);
    if (taken_ > file_.size()) refuse("its parts lie on one another");
    return data;
  }

  const Bytes file_;
  const std::string& name_;
  Tree tree_;
  std::set<uint64_t> visited_;
  size_t paths_ = 0;
  uint64_t structure_ = 0;
  uint64_t taken_ = 0;
};

}  // namespace

Tree read_tree(std::span<const std::byte> file, size_t begin, const std::string& name) {
  return Reader(file, begin, name).read();
}

}  // namespace stet::tracking::hdf5
