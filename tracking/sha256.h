// SHA-256 (FIPS 180-4) of bytes and of files.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace stet::tracking {

using Sha256Digest = std::array<std::byte, 32>;

/// A hash in progress. Copy it to go on from a common beginning.
class Sha256 {
 public:
  Sha256();
  Sha256(const Sha256& other);
  Sha256& operator=(const Sha256& other);
  ~Sha256();
  Sha256& update(std::span<const std::byte> bytes);
  /// The digest of all that was added; further updates are errors.
  Sha256Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Sha256Digest sha256(std::span<const std::byte> bytes);

/// Lower-case hexadecimal digits.
std::string hex(std::span<const std::byte> bytes);

/// SHA-256 of a file's bytes, in hex, read in blocks. Throws IoError.
std::string sha256_file(const std::filesystem::path& path);

}  // namespace stet::tracking
