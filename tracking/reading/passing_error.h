// Which errors say nothing of a run that holds for long. Private to reading/.
#pragma once

#include <exception>

namespace stet::tracking {

/// May the same be readable the next time though no file of it changes? So it is where memory or descriptors were
/// short, a disk or a server failed, or this process may not read it now.
bool is_passing(const std::exception& error);

}  // namespace stet::tracking
