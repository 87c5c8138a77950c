#include "stet/tracking/exchange/sftp_packet.h"

#include <sys/stat.h>

#include <algorithm>
#include <limits>

#include "stet/tensor/error.h"

namespace stet::tracking::sftp {
namespace {

constexpr uint32_t kHasSize = 1, kHasOwner = 2, kHasPermissions = 4, kHasTimes = 8, kHasExtended = 0x80000000;

}  // namespace

Writer& Writer::byte(uint8_t value) {
  bytes_ += static_cast<char>(value);
  return *this;
}

Writer& Writer::u32(uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) byte(static_cast<uint8_t>(value >> shift));
  return *this;
}

Writer& Writer::u64(uint64_t value) {
  return u32(static_cast<uint32_t>(value >> 32)).u32(static_cast<uint32_t>(value));
}

Writer& Writer::text(std::string_view value) {
  u32(static_cast<uint32_t>(value.size()));
  bytes_ += value;
  return *this;
}

std::string_view Reader::take(size_t count) {
  if (rest_.size() < count) raise<DataError>("{}: its server sent a packet that ends too soon", sender_);
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

uint8_t Reader::byte() { return static_cast<uint8_t>(take(1)[0]); }

uint32_t Reader::u32() {
  uint32_t value = 0;
  for (const char c : take(4)) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

uint64_t Reader::u64() {
  const uint64_t high = u32();
  return high << 32 | u32();
}

std::string_view Reader::text() { return take(u32()); }

EntryStatus Reader::attributes() {
  const uint32_t flags = u32();
  EntryStatus status{EntryStatus::Kind::other, 0, 0};
  if (flags & kHasSize)
    status.size = static_cast<int64_t>(std::min<uint64_t>(u64(), std::numeric_limits<int64_t>::max()));
  if (flags & kHasOwner) static_cast<void>(u64());
  if (flags & kHasPermissions) {
    const uint32_t mode = u32();
    if (S_ISREG(mode)) status.kind = EntryStatus::Kind::file;
    if (S_ISDIR(mode)) status.kind = EntryStatus::Kind::folder;
  }
  if (flags & kHasTimes) {
    static_cast<void>(u32());  // of access
    status.modified = u32();
  }
  if (flags & kHasExtended) {
    for (uint32_t count = u32(); count > 0; --count) {
      static_cast<void>(text());
      static_cast<void>(text());
    }
  }
  return status;
}

}  // namespace stet::tracking::sftp
