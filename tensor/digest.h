// Digests of state: integer arithmetic only, and sums of words that carry their own position, so that any order, thread
// count and device gives the same one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "stet/tensor/tensor.h"

namespace stet {

/// 128 bits.
struct Digest {
  uint64_t low = 0, high = 0;
  bool operator==(const Digest&) const = default;
  /// Short form that names a tensor's state in a record.
  uint32_t leaf() const { return static_cast<uint32_t>(low); }
  /// 32 hexadecimal digits, the high half first.
  std::string hex() const;
};

/// What distinguishes one tensor's words from another's: the first 16 bytes of SHA-256(name, 0, dtype, 0, shape as in
/// "[2, 3]"), two little-endian words.
struct DigestSalt {
  uint64_t low = 0, high = 0;
  DigestSalt() = default;
  DigestSalt(std::string_view name, std::string_view dtype, std::string_view shape);
};

/// Digest of bytes, read as little-endian 64-bit words w[0], w[1], …, zeros after the last byte. With all arithmetic
/// modulo 2^64:
///   mix(x): x ^= x >> 32; x *= A; x ^= x >> 32; x *= A; x ^= x >> 32      A = 0xD6E8FEB86659FD93
///   y = mix(w[i] ^ (salt.low + (i + 1) * 0x9E3779B97F4A7C15))
///   z = (y ^ salt.high) * 0x9FB21C651E98DF25, z ^= z >> 32
///   low = salt.low + sum of y, high = salt.high + sum of z
Digest digest_bytes(const DigestSalt& salt, std::span<const std::byte> bytes);

/// Digest of a tensor's elements in row-major order; every NaN is written as the quiet NaN 0x7fc00000 (float64:
/// 0x7ff8000000000000).
Digest digest(std::string_view name, const Tensor& value);

/// Of a scalar or a text that belongs to the state. Floating values are digested as binary64, integers as 64-bit.
Digest digest(std::string_view name, bool value);
Digest digest(std::string_view name, int64_t value);
Digest digest(std::string_view name, uint64_t value);
Digest digest(std::string_view name, double value);
Digest digest_text(std::string_view name, std::string_view value);

/// Digest of many, whatever their order: the sum of mix(low), and of mix(high ^ mix(low)). Each part is salted with its
/// own name.
class DigestSum {
 public:
  DigestSum& add(const Digest& part);
  const Digest& value() const { return sum_; }

 private:
  Digest sum_;
};

}  // namespace stet
