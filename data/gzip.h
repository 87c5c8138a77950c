// Reading bytes that may be gzip-compressed (RFC 1952).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "stet/data/files.h"

namespace stet::data {

/// Bytes that a byte of deflate's unpacks to at most: 258 from two bits.
constexpr uint64_t kBestDeflateRatio = 1032;

/// A file's bytes from first to last, unpacked on the way if they are gzip's, which their first two bytes tell.
class Unpacker {
 public:
  /// Keeps a reference to the file.
  explicit Unpacker(const FileBytes& file);
  ~Unpacker();
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  /// Reads up to n bytes; fewer only at the end. Throws DataError if the compressed data are damaged or cut.
  size_t read(void* out, size_t n);
  /// No more bytes than this can follow: exact for a plain file, deflate's best ratio for a compressed one.
  uint64_t at_most() const;
  bool compressed() const { return inflate_ != nullptr; }

 private:
  struct Inflate;
  size_t inflate_some(void* out, size_t n);

  const FileBytes& file_;
  size_t used_ = 0;  // bytes of the file
  std::unique_ptr<Inflate> inflate_;
};

/// All bytes of a file, unpacked. Throws DataError as Unpacker does, and where they are more than any text packs so
/// small: nothing else bounds how far a file unpacks that does not say how much it holds.
std::string unpack(const FileBytes& file);

}  // namespace stet::data
