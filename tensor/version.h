// Versions: of the library, and of the numerics contract that its results keep.
#pragma once

namespace stet {

inline constexpr const char* version = "0.1.0";

/// Version of docs/numerics.md. Runs and checkpoints name it: under one version a result has one bit pattern.
inline constexpr int numerics_version = 1;

}  // namespace stet
