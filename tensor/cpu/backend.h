// The CPU's backend.
#pragma once

#include "stet/tensor/backend.h"

namespace stet {

Backend& cpu_backend();

}  // namespace stet
