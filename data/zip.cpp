#include "stet/data/zip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#include <optional>

#include "stet/data/gzip.h"
#include "stet/tensor/error.h"

namespace stet::data {
namespace {

constexpr uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                   kLocator64 = 0x07064b50;
constexpr size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56, kLocatorSize = 20;
constexpr size_t kLongestComment = 0xffff;
constexpr uint32_t kIn64 = 0xffffffff;  // the number stands in the entry's field for 64 bits
constexpr uint16_t kField64 = 1, kStored = 0, kDeflated = 8;
constexpr uint16_t kEncrypted = 1, kUtf8 = 1 << 11;
constexpr size_t kLeastGrowth = size_t{1} << 20;

// Little-endian numbers of the file, none of which lies outside.
class Archive {
 public:
  explicit Archive(const FileBytes& file) : name_(file.name), bytes_(file.bytes) {}

  [[noreturn]] void damaged(const char* why) const { raise<DataError>("data: {}: damaged: {}", name_, why); }
  uint64_t size() const { return bytes_.size(); }
  std::string_view text(uint64_t at, uint64_t n) const {
    if (n > bytes_.size() || at > bytes_.size() - n) damaged("truncated: a part of the archive lies behind its end");
    return std::string_view(bytes_).substr(static_cast<size_t>(at), static_cast<size_t>(n));
  }
  uint64_t number(uint64_t at, size_t n) const {
    uint64_t v = 0;
    const std::string_view bytes = text(at, n);
    for (size_t k = n; k-- > 0;) v = v << 8 | static_cast<uint8_t>(bytes[k]);
    return v;
  }
  uint16_t u16(uint64_t at) const { return static_cast<uint16_t>(number(at, 2)); }
  uint32_t u32(uint64_t at) const { return static_cast<uint32_t>(number(at, 4)); }
  uint64_t u64(uint64_t at) const { return number(at, 8); }

 private:
  const std::string& name_;
  const std::string& bytes_;
};

struct Directory {
  uint64_t count, size, begin;
};

// The record at the archive's end, behind which a comment may follow.
uint64_t find_end(const Archive& archive) {
  if (archive.size() < kEndSize) archive.damaged("too short for a ZIP archive");
  const uint64_t last = archive.size() - kEndSize, first = last - std::min<uint64_t>(last, kLongestComment);
  for (uint64_t at = last + 1; at-- > first;) {
    if (archive.u32(at) == kEnd && archive.u16(at + 20) == archive.size() - at - kEndSize) return at;
  }
  archive.damaged("not a ZIP archive, or cut: it has no end record");
}

Directory find_directory(const Archive& archive) {
  const uint64_t end = find_end(archive);
  Directory d{archive.u16(end + 10), archive.u32(end + 12), archive.u32(end + 16)};
  if (archive.u16(end + 4) != 0 || archive.u16(end + 6) != 0) archive.damaged("it is a part of several");
  if (d.count == 0xffff || d.size == kIn64 || d.begin == kIn64) {
    if (end < kLocatorSize || archive.u32(end - kLocatorSize) != kLocator64) archive.damaged("it has no 64-bit end");
    const uint64_t at = archive.u64(end - kLocatorSize + 8);
    archive.text(at, kEnd64Size);
    if (archive.u32(at) != kEnd64) archive.damaged("it has no 64-bit end");
    d = {archive.u64(at + 32), archive.u64(at + 40), archive.u64(at + 48)};
  }
  archive.text(d.begin, d.size);
  if (d.count > d.size / kCentralSize) archive.damaged("its directory is too small for its members");
  return d;
}

// An entry's numbers of 64 bits, of which the field has those that didn't fit.
void read_field64(const Archive& archive, uint64_t at, uint64_t size, ZipMember& member, uint64_t& header) {
  const uint64_t end = at + size;
  while (at + 4 <= end) {
    const uint16_t id = archive.u16(at), length = archive.u16(at + 2);
    at += 4;
    if (length > end - at) archive.damaged("a field of an entry is too long");
    if (id == kField64) {
      const uint64_t field_end = at + length;
      for (uint64_t* value : {&member.size, &member.packed, &header}) {
        if (*value != kIn64) continue;
        if (at + 8 > field_end) archive.damaged("a 64-bit number of an entry is missing");
        *value = archive.u64(at);
        at += 8;
      }
      return;
    }
    at += length;
  }
}

// Where a member's bytes begin, behind its local header.
uint64_t find_bytes(const Archive& archive, uint64_t header) {
  archive.text(header, kLocalSize);
  if (archive.u32(header) != kLocal) archive.damaged("a member has no header");
  return header + kLocalSize + archive.u16(header + 26) + archive.u16(header + 28);
}

ZipMember read_entry(const Archive& archive, uint64_t& at, const FileBytes& file) {
  archive.text(at, kCentralSize);
  if (archive.u32(at) != kCentral) archive.damaged("its directory has no entry where one should be");
  const uint16_t flags = archive.u16(at + 8), method = archive.u16(at + 10);
  const uint64_t name = archive.u16(at + 28), extra = archive.u16(at + 30), comment = archive.u16(at + 32);
  ZipMember member;
  member.name = archive.text(at + kCentralSize, name);
  member.deflated = method == kDeflated;
  member.crc = archive.u32(at + 16);
  member.packed = archive.u32(at + 20);
  member.size = archive.u32(at + 24);
  uint64_t header = archive.u32(at + 42);
  archive.text(at + kCentralSize + name, extra + comment);
  read_field64(archive, at + kCentralSize + name, extra, member, header);
  at += kCentralSize + name + extra + comment;
  const auto refuse = [&](const char* why) {
    raise<DataError>("data: {}: {}: {}", file.name, printable_name(member.name), why);
  };
  if (flags & kEncrypted) refuse("it is encrypted");
  if (method != kStored && method != kDeflated) refuse("it is packed neither as stored nor as deflated");
  member.begin = find_bytes(archive, header);
  archive.text(member.begin, member.packed);
  if (member.deflated ? member.size / kBestDeflateRatio > member.packed : member.size != member.packed)
    refuse("damaged: its sizes don't fit each other");
  return member;
}

void refuse_overlaps(const Archive& archive, const std::vector<ZipMember>& members) {
  std::vector<std::pair<uint64_t, uint64_t>> places;
  for (const ZipMember& m : members) places.emplace_back(m.begin, m.begin + m.packed);
  std::sort(places.begin(), places.end());
  for (size_t i = 1; i < places.size(); ++i) {
    if (places[i].first < places[i - 1].second) archive.damaged("two members lie at one place");
  }
}

class Inflater {
 public:
  explicit Inflater(std::string_view packed) : packed_(packed) {
    if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Exactly `size` bytes; none where the packed ones give others.
  std::optional<std::string> run(uint64_t size) {
    std::string out;
    for (;;) {
      const size_t used = out.size();
      out.resize(used + std::min<size_t>(static_cast<size_t>(size) - used, std::max(used, kLeastGrowth)) +
                 (used == size));
      const auto [got, code] = step(out.data() + used, out.size() - used);
      out.resize(used + got);
      if (code == Z_STREAM_END) return out.size() == size && packed_.empty() ? std::optional(out) : std::nullopt;
      if (code != Z_OK || out.size() > size || (got == 0 && packed_.empty())) return std::nullopt;
    }
  }

 private:
  std::pair<size_t, int> step(char* out, size_t n) {
    const size_t in = std::min<size_t>(packed_.size(), std::numeric_limits<uInt>::max());
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed_.data()));
    stream_.avail_in = static_cast<uInt>(in);
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(n, std::numeric_limits<uInt>::max()));
    const uInt before = stream_.avail_out;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    packed_.remove_prefix(in - stream_.avail_in);
    return {before - stream_.avail_out, code};
  }

  z_stream stream_{};
  std::string_view packed_;
};

uint32_t crc_of(std::string_view bytes) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

void append(std::string& out, uint64_t v, size_t n) {
  for (size_t k = 0; k < n; ++k) out += static_cast<char>(v >> (8 * k));
}

// What a member's local header and its entry share, from "version needed" to "extra length".
void append_common(std::string& out, const std::string& name, const std::string& bytes) {
  append(out, 20, 2);
  append(out, kUtf8, 2);
  append(out, kStored, 2);
  append(out, 0, 2);
  append(out, 0x21, 2);  // 1 January 1980, the first day that there is
  append(out, crc_of(bytes), 4);
  append(out, bytes.size(), 4);
  append(out, bytes.size(), 4);
  append(out, name.size(), 2);
  append(out, 0, 2);
}

}  // namespace

std::string printable_name(std::string_view name) {
  std::string text(name.substr(0, 100));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) > '~') c = '?';
  }
  return text;
}

std::vector<ZipMember> read_zip(const FileBytes& file) {
  const Archive archive(file);
  const Directory directory = find_directory(archive);
  std::vector<ZipMember> members;
  uint64_t at = directory.begin;
  for (uint64_t i = 0; i < directory.count; ++i) members.push_back(read_entry(archive, at, file));
  if (at > directory.begin + directory.size) archive.damaged("its directory is longer than it says");
  refuse_overlaps(archive, members);
  return members;
}

std::string unpack_member(const FileBytes& file, const ZipMember& member) {
  const std::string_view packed =
      std::string_view(file.bytes).substr(static_cast<size_t>(member.begin), static_cast<size_t>(member.packed));
  std::optional<std::string> bytes =
      member.deflated ? Inflater(packed).run(member.size) : std::optional(std::string(packed));
  if (!bytes || crc_of(*bytes) != member.crc)
    raise<DataError>("data: {}: {}: damaged: its bytes are not those that were packed", file.name,
                     printable_name(member.name));
  return std::move(*bytes);
}

std::string make_zip(const std::map<std::string, std::string>& members) {
  std::string archive, directory;
  for (const auto& [name, bytes] : members) {
    if (name.empty() || name.size() > 0xffff ||
        std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < ' '; }))
      raise("data: '{}' can't be the name of an array", printable_name(name));
    const uint64_t header = archive.size();
    append(archive, kLocal, 4);
    append_common(archive, name, bytes);
    archive += name;
    archive += bytes;
    append(directory, kCentral, 4);
    append(directory, 20, 2);
    append_common(directory, name, bytes);
    append(directory, 0, 6);  // comment, disk, attributes
    append(directory, 0, 4);
    append(directory, header, 4);
    directory += name;
    if (archive.size() + directory.size() > std::numeric_limits<uint32_t>::max() - kEndSize || members.size() > 0xfffe)
      raise("data: more than 4 GB in one .npz; write several");
  }
  const uint64_t begin = archive.size();
  archive += directory;
  append(archive, kEnd, 4);
  append(archive, 0, 4);
  append(archive, members.size(), 2);
  append(archive, members.size(), 2);
  append(archive, directory.size(), 4);
  append(archive, begin, 4);
  append(archive, 0, 2);
  return archive;
}

}  // namespace stet::data
