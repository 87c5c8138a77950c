// The clock of records and logs, and what a process has used of its processors.
#pragma once

namespace stet::tracking {

/// Seconds since 1970, UTC.
double unix_time();

/// Seconds of processor time that this process has used, on all of them together.
double process_seconds();

}  // namespace stet::tracking
