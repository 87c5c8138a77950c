// Asking before something is done that can't be undone, or not easily.
#pragma once

#include <string>

namespace stet::tracking::cli {

/// Is it to be done? `given`: the command line says so. Else asks on the terminal; without one throws UsageError that
/// names --yes, and begins with the verb.
bool confirmed(const std::string& verb, const std::string& question, bool given);

}  // namespace stet::tracking::cli
