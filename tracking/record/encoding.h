// Numbers as Protobuf and the log's frames have them.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

namespace stet::tracking {

/// A number's bytes, the lowest first.
template <class Number> void append_little_endian(std::string& out, Number number) {
  static_assert(std::endian::native == std::endian::little);
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof number);
}

/// Seven bits a byte, the lowest first.
inline void append_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

}  // namespace stet::tracking
