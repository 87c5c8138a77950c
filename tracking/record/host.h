// This machine's name.
#pragma once

#include <string>

namespace stet::tracking {

/// In UTF-8; empty where the system doesn't tell.
std::string host_name();

}  // namespace stet::tracking
