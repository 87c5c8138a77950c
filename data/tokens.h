// Files of tokens: numbers one behind another and nothing else, as nanoGPT's prepare scripts write.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "stet/tensor/recorder.h"

namespace stet::data {

/// How a file holds a token: little endian.
enum class TokenType { uint16, uint32, int64 };

/// A text as tokens in a file, which stays there: what a window takes is all that comes into memory, and the system
/// keeps what is read often. A value that is cheap to copy.
class Tokens {
 public:
  /// Opens a file and announces it; its hash is computed once (fingerprint.h). Throws DataError that names it: it can't
  /// be read, is empty, or ends within a token.
  explicit Tokens(const std::filesystem::path& path, TokenType type = TokenType::uint16, std::string name = {});

  int64_t size() const { return end_ - begin_; }
  /// The part [begin, end); `name` is the part's in the run's record. Throws UsageError out of range.
  Tokens part(int64_t begin, int64_t end, std::string_view name) const;
  /// Tokens [begin, begin + n) into `out`. Throws UsageError out of range, IoError where the file was cut since.
  void read(int64_t begin, int64_t n, int64_t* out) const;
  const DatasetRecord& record() const { return record_; }

 private:
  struct File;
  std::shared_ptr<const File> file_;
  int64_t begin_ = 0, end_ = 0;
  DatasetRecord record_;
};

}  // namespace stet::data
