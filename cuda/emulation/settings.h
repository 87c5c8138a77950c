// How the emulated GPU is to behave.
#pragma once

#include <cstddef>

namespace stet::cuda::emulation {

struct Settings {
  size_t memory;  ///< bytes
  int late;       ///< a pending read arrives when so many later ones were asked for, or when it is waited for
};

/// From STET_EMULATED_MEMORY and STET_EMULATED_LATE at first; tests may change it.
Settings& settings();

}  // namespace stet::cuda::emulation
