// Text as symbols, and windows of it for models of sequences.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stet/data/tokens.h"
#include "stet/tensor/recorder.h"
#include "stet/tensor/tensor.h"

namespace stet::data {

/// A text's bytes, numbered: symbol i is the i-th of the different bytes that occur, in ascending order. A value that
/// is cheap to copy.
class Text {
 public:
  /// The whole of a text, announced under a name with the files that it came from. Throws DataError if it is empty.
  Text(std::string_view bytes, std::string name, std::vector<FileFingerprint> files = {});

  /// How many symbols it has, and how many different ones there are in the whole text.
  int64_t size() const { return end_ - begin_; }
  int64_t vocabulary() const;
  /// The part [begin, end), with the whole text's vocabulary; `name` is the part's in the run's record. Throws
  /// UsageError out of range.
  Text part(int64_t begin, int64_t end, std::string_view name) const;

  /// Symbols, one byte each.
  std::span<const uint8_t> symbols() const;
  /// The numbers of a text's bytes, int64 [n]. Throws DataError on a byte that the text does not have.
  Tensor encode(std::string_view text) const;
  /// The bytes of symbols int64 [n]. Throws UsageError on a number that is none.
  std::string decode(const Tensor& symbols) const;
  const DatasetRecord& record() const { return record_; }

 private:
  struct State {
    std::vector<uint8_t> symbols;
    std::string bytes;                // of each symbol
    std::array<int16_t, 256> number;  // of each byte; -1: none
  };
  std::shared_ptr<const State> state_;
  int64_t begin_ = 0, end_ = 0;
  DatasetRecord record_;
};

/// Reads a text file, plain or .gz, or input.txt in a folder; the run's record says which. Throws DataError that names
/// it.
Text read_text(const std::filesystem::path& path);

/// A text's windows of `length` symbols, or a token file's: sample i is those from i on and those that follow each, two
/// int64 [length].
class Windows {
 public:
  /// Throws UsageError unless the text is longer than a window.
  Windows(Text text, int64_t length);
  Windows(Tokens tokens, int64_t length);

  int64_t size() const { return symbols_ - length_; }
  std::array<Tensor, 2> get(int64_t i) const;
  /// Two int64 [N, length].
  std::vector<Tensor> batch(std::span<const int64_t> indices) const;
  /// Windows one behind another, as many as there are: indices for a subset that goes through the text once.
  std::vector<int64_t> in_a_row() const;
  const DatasetRecord& record() const { return record_; }

 private:
  /// Symbols [begin, begin + n) into `out`.
  using Read = std::function<void(int64_t begin, int64_t n, int64_t* out)>;
  Windows(Read read, int64_t symbols, DatasetRecord record, int64_t length);

  Read read_;
  int64_t symbols_, length_;
  DatasetRecord record_;
};

}  // namespace stet::data
