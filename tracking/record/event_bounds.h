// What an event may hold before it is parsed: an empty field is two bytes, and takes a hundred times as much in memory.
#pragma once

#include <string_view>

#include "stet/tracking/record/event.pb.h"

namespace stet::tracking {

/// Parses an event. False where it is none, has more fields than an event that is logged, or a time that is not finite.
bool parse_event(record::Event& event, std::string_view bytes);

}  // namespace stet::tracking
