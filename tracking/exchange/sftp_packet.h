// Packets of SFTP, version 3 (draft-ietf-secsh-filexfer-02): numbers are big endian, texts have their length before
// them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "stet/tracking/record/folder.h"

namespace stet::tracking::sftp {

enum Type : uint8_t {
  kInit = 1,
  kVersion = 2,
  kOpen = 3,
  kClose = 4,
  kRead = 5,
  kWrite = 6,
  kLstat = 7,
  kOpenDir = 11,
  kReadDir = 12,
  kRemove = 13,
  kMakeDir = 14,
  kRemoveDir = 15,
  kRename = 18,
  kStatus = 101,
  kHandle = 102,
  kData = 103,
  kName = 104,
  kAttributes = 105,
  kExtended = 200,
};

enum Status : uint32_t { kOk = 0, kEof = 1, kNoSuchFile = 2, kPermissionDenied = 3 };

/// Builds a packet, or a part of one.
class Writer {
 public:
  Writer& byte(uint8_t value);
  Writer& u32(uint32_t value);
  Writer& u64(uint64_t value);
  Writer& text(std::string_view value);
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Reads a packet's content, which anybody may have sent. Throws DataError that names the sender where it ends too
/// soon.
class Reader {
 public:
  Reader(std::string_view bytes, std::string_view sender) : rest_(bytes), sender_(sender) {}
  uint8_t byte();
  uint32_t u32();
  uint64_t u64();
  std::string_view text();
  /// Attributes of a file.
  EntryStatus attributes();
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view take(size_t count);
  std::string_view rest_, sender_;
};

}  // namespace stet::tracking::sftp
