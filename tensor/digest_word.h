// The digest of one word, as digest.h defines it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "stet/tensor/contract.h"
#include "stet/tensor/digest.h"
#include "stet/tensor/host_device.h"

namespace stet::digest_word {

STET_HOST_DEVICE inline uint64_t mix(uint64_t x) {
  x ^= x >> 32;
  x *= contract::kDigestMix;
  x ^= x >> 32;
  x *= contract::kDigestMix;
  return x ^ (x >> 32);
}

// One 64-bit word of two binary32 values, of one binary64 value, or of anything else, with NaN written one way.
struct Raw {
  STET_HOST_DEVICE static uint64_t canonical(uint64_t w) { return w; }
};
struct Binary32 {
  STET_HOST_DEVICE static uint64_t half(uint64_t u) {
    return (u & 0x7fffffff) > 0x7f800000 ? contract::kDigestNan32 : u;
  }
  STET_HOST_DEVICE static uint64_t canonical(uint64_t w) { return half(w & 0xffffffff) | half(w >> 32) << 32; }
};
struct Binary64 {
  STET_HOST_DEVICE static uint64_t canonical(uint64_t w) {
    return (w & 0x7fffffffffffffff) > 0x7ff0000000000000 ? contract::kDigestNan64 : w;
  }
};

/// Of arrays of T.
template <class T>
using KindOf = std::conditional_t<std::is_same_v<T, float>, Binary32,
                                  std::conditional_t<std::is_same_v<T, double>, Binary64, Raw>>;

STET_HOST_DEVICE inline uint64_t load(const std::byte* data, int64_t index) {
  uint64_t word;
  std::memcpy(&word, data + 8 * index, 8);
  return word;
}

template <class Kind> STET_HOST_DEVICE void add(const DigestSalt& salt, int64_t index, uint64_t word, Digest& sum) {
  const uint64_t y =
      mix(Kind::canonical(word) ^ (salt.low + (static_cast<uint64_t>(index) + 1) * contract::kDigestStep));
  uint64_t z = (y ^ salt.high) * contract::kDigestSecond;
  z ^= z >> 32;
  sum.low += y;
  sum.high += z;
}

}  // namespace stet::digest_word
