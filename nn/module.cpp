#include "stet/nn/module.h"

#include <fmt/format.h>

namespace stet::nn {

std::string to_string(const Size2d& size) { return fmt::format("{}x{}", size.h, size.w); }

}  // namespace stet::nn
