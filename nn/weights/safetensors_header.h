// The header of a safetensors file, checked. Private to this folder.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace stet::nn {

/// The bytes of a file's header at most, as in the format's own implementation.
constexpr uint64_t kMostHeaderBytes = 100'000'000;

struct HeaderEntry {
  std::string type;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;  ///< bytes, from the header's end
};

struct Header {
  std::map<std::string, HeaderEntry> tensors;
  std::map<std::string, std::string> metadata;
};

/// The header's JSON, for a file whose tensors lie in `bytes`. Throws DataError naming `file` and the tensor.
Header parse_header(std::string_view json, uint64_t bytes, const std::string& file);

/// The file of each tensor, from an index's JSON. Throws DataError naming `file`.
std::map<std::string, std::string> parse_index(std::string_view json, const std::string& file);

/// Bits of an element of a type of the format; 0 of what is none.
int bits_of(std::string_view type);

/// A name from a file as an error's one line can show it.
std::string shown(std::string_view name);

}  // namespace stet::nn
