// A file system for SQLite that keeps a checksum in the last bytes of each page of a database, and refuses a page that
// doesn't have it: SQLite itself takes flipped bits for data.
#pragma once

namespace stet::tracking {

/// The bytes that a page has in reserve, of which the checksum is the first four.
inline constexpr int kReservedBytes = 8;

/// The name to open a database with. Throws DatabaseError where it can't be registered.
const char* checked_pages();

}  // namespace stet::tracking
