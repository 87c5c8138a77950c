#include "stet/tracking/cli/tar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <set>
#include <string_view>

#include "stet/data/files.h"
#include "stet/data/gzip.h"
#include "stet/tensor/error.h"

namespace stet::tracking::cli {
namespace {

constexpr size_t kBlock = 512;
using Header = std::array<char, kBlock>;

std::string_view field(const Header& header, size_t begin, size_t length) {
  const std::string_view text(header.data() + begin, length);
  return text.substr(0, text.find('\0'));
}

class Archive {
 public:
  explicit Archive(const std::filesystem::path& path) : file_(data::read_file(path)), bytes_(file_) {}

  // The next member's header; false at the end.
  bool next(Header& header) {
    if (bytes_.read(header.data(), kBlock) != kBlock) damaged("ends within a header");
    return std::any_of(header.begin(), header.end(), [](char c) { return c != 0; });
  }
  uint64_t size_of(const Header& header) const {
    std::string_view text = field(header, 124, 12);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    uint64_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size, 8);
    if (error != std::errc() || (end != text.data() + text.size() && *end != ' ')) damaged("has a member of no size");
    if (size > bytes_.at_most()) damaged("has a member that is larger than it");
    return size;
  }
  std::string read(uint64_t size) {
    std::string text(size, '\0');
    if (bytes_.read(text.data(), size) != size) damaged("ends within a member");
    skip_to_block(size);
    return text;
  }
  void skip(uint64_t size) {
    std::array<char, 1 << 16> part;
    for (uint64_t left = size; left > 0;) {
      const size_t n = std::min<uint64_t>(left, part.size());
      if (bytes_.read(part.data(), n) != n) damaged("ends within a member");
      left -= n;
    }
    skip_to_block(size);
  }
  [[noreturn]] void damaged(std::string_view how) const { raise<DataError>("{}: {}", file_.name, how); }

 private:
  void skip_to_block(uint64_t size) {
    Header rest;
    const size_t n = (kBlock - size % kBlock) % kBlock;
    if (bytes_.read(rest.data(), n) != n) damaged("ends within a member");
  }

  data::FileBytes file_;
  data::Unpacker bytes_;
};

}  // namespace

void unpack_members(const std::filesystem::path& archive, const std::vector<std::string>& members,
                    const std::filesystem::path& folder) {
  Archive tar(archive);
  std::set<std::string> wanted(members.begin(), members.end());
  for (Header header; !wanted.empty() && tar.next(header);) {
    const std::string name(field(header, 0, 100));
    const uint64_t size = tar.size_of(header);
    const char type = header[156];
    if ((type == '0' || type == '\0') && wanted.erase(name) == 1)
      data::write_file_atomically(folder / name.substr(name.rfind('/') + 1), tar.read(size));
    else tar.skip(size);
  }
  if (!wanted.empty()) tar.damaged("has no member '" + *wanted.begin() + "'");
}

}  // namespace stet::tracking::cli
