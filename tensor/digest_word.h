// The digest of one word, as digest.h defines it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "stet/tensor/digest.h"
#include "stet/tensor/host_device.h"

namespace stet::digest_word {

inline constexpr uint64_t kMix = 0xD6E8FEB86659FD93, kStep = 0x9E3779B97F4A7C15, kSecond = 0x9FB21C651E98DF25;

STET_HOST_DEVICE inline uint64_t mix(uint64_t x) {
  x ^= x >> 32;
  x *= kMix;
  x ^= x >> 32;
  x *= kMix;
  return x ^ (x >> 32);
}

// One 64-bit word of two binary32 values, of one binary64 value, or of anything else, with NaN written one way.
struct Raw {
  STET_HOST_DEVICE static uint64_t canonical(uint64_t w) { return w; }
};
struct Binary32 {
  STET_HOST_DEVICE static uint64_t half(uint64_t u) { return (u & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : u; }
  STET_HOST_DEVICE static uint64_t canonical(uint64_t w) { return half(w & 0xffffffff) | half(w >> 32) << 32; }
};
struct Binary64 {
  STET_HOST_DEVICE static uint64_t canonical(uint64_t w) {
    return (w & 0x7fffffffffffffff) > 0x7ff0000000000000 ? 0x7ff8000000000000 : w;
  }
};

STET_HOST_DEVICE inline uint64_t load(const std::byte* data, int64_t index) {
  uint64_t word;
  std::memcpy(&word, data + 8 * index, 8);
  return word;
}

template <class Kind> STET_HOST_DEVICE void add(const DigestSalt& salt, int64_t index, uint64_t word, Digest& sum) {
  const uint64_t y = mix(Kind::canonical(word) ^ (salt.low + (static_cast<uint64_t>(index) + 1) * kStep));
  uint64_t z = (y ^ salt.high) * kSecond;
  z ^= z >> 32;
  sum.low += y;
  sum.high += z;
}

}  // namespace stet::digest_word
