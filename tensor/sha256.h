// SHA-256 (FIPS 180-4), for fingerprints of files and samples and for the keys of random streams.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace stet {

using Sha256Digest = std::array<uint8_t, 32>;

/// Hash of bytes that come piece by piece: `Sha256().update(a).update(b).digest()`.
class Sha256 {
 public:
  Sha256();
  Sha256& update(const void* data, size_t bytes);
  Sha256& update(std::string_view bytes) { return update(bytes.data(), bytes.size()); }
  /// An integer as 8 little-endian bytes, the same on every machine.
  Sha256& update(uint64_t value);
  /// Hash of all bytes so far; more may follow.
  Sha256Digest digest() const;
  /// The same as 64 hexadecimal digits.
  std::string hex() const;

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

/// Lower-case hexadecimal digits, two a byte.
std::string to_hex(std::span<const uint8_t> bytes);

/// SHA-256 of bytes as 64 hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace stet
