// CRC-32C (Castagnoli, RFC 3720 appendix B.4) and the masked form that TFRecord framing uses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace stet::tracking {

/// CRC-32C of `bytes`; crc32c("123456789") = 0xE3069283. With `crc` that of what came before, the two together.
uint32_t crc32c(std::span<const std::byte> bytes, uint32_t crc = 0);

/// The same by table alone, which crc32c falls back on: the check of the instructions.
uint32_t crc32c_portable(std::span<const std::byte> bytes, uint32_t crc = 0);

/// TFRecord's mask, so that a CRC over data that holds CRCs stays strong.
constexpr uint32_t mask_crc(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u; }

}  // namespace stet::tracking
