// --help as a terminal shows it.
#pragma once

#include <string>

namespace stet::tracking::cli {

/// Wraps what --help says to `width` places; 0: no terminal, so 100. What explains an option stays behind it, and the
/// command lines of the examples stay whole.
std::string wrapped_help(const std::string& text, size_t width);

}  // namespace stet::tracking::cli
