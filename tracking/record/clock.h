// The clock of records and logs.
#pragma once

namespace stet::tracking {

/// Seconds since 1970, UTC.
double unix_time();

}  // namespace stet::tracking
