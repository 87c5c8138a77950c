// What the index knows of a run's log and has no column for, packed into one.
#pragma once

#include <string>
#include <string_view>

#include "stet/tracking/reading/log_facts.h"

namespace stet::tracking {

std::string state_of(const LogFacts& log);
/// Sets what state_of packed; nothing where it is empty. Throws DatabaseError.
void set_state(LogFacts& log, std::string_view state);

}  // namespace stet::tracking
