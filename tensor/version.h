// Versions: of the library, and of the numerics contract that its results keep.
#pragma once

#include "stet/tensor/contract.h"

namespace stet {

inline constexpr const char* version = "0.1.0";

}  // namespace stet
