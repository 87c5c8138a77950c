// What JSON may hold before it is parsed: an empty object or text is some bytes, and takes a hundred times as much as a
// message.
#pragma once

#include <string_view>

namespace stet::tracking {

/// Has it at most as many objects and elements as a record or an act within its file's limit has?
bool is_within_bounds(std::string_view json);

}  // namespace stet::tracking
