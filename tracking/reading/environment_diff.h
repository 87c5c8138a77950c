// In what two launches' surroundings differ.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "stet/tracking/record/record.pb.h"

namespace stet::tracking {

/// A name, and the two values where they differ.
using Differences = std::map<std::string, std::pair<std::string, std::string>>;

/// Two tables of names and values; a name that only one has is empty in the other.
Differences differences(const std::map<std::string, std::string>& a, const std::map<std::string, std::string>& b);

/// What of a launch can matter to its results' being the same: program, compiler, flags, libraries, machine, source,
/// threads.
std::map<std::string, std::string> surroundings(const record::Launch& launch);

}  // namespace stet::tracking
