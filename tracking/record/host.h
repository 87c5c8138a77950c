// This machine's name, and its user's.
#pragma once

#include <string>

namespace stet::tracking {

/// In UTF-8; empty where the system doesn't tell.
std::string host_name();
/// The login name, or the number, in UTF-8.
std::string login_name();

}  // namespace stet::tracking
