// Where tensors live and ops run.
#pragma once

#include <string>
#include <string_view>

namespace stet {

/// A device: the CPU, or one GPU by its index.
struct Device {
  enum class Kind { cpu, cuda };
  Kind kind = Kind::cpu;
  int index = 0;

  bool operator==(const Device&) const = default;
  /// "cpu", "cuda:0", …
  std::string to_string() const;
  /// Reads "cpu", "cuda" or "cuda:N"; throws UsageError on anything else.
  static Device parse(std::string_view text);
};

inline constexpr Device cpu{};

}  // namespace stet
