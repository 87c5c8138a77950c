// What a command line names as the other side of a copy.
#pragma once

#include <memory>
#include <string>

#include "stet/tracking/exchange/store.h"

namespace stet::tracking {

/// Where runs are copied to or from.
struct Place {
  std::string host;  ///< as `user@host`, of another machine; empty: this one
  Path folder;       ///< on the host; one that is not absolute lies in the user's home there
  bool is_remote() const { return !host.empty(); }
};

/// Reads `folder` or `user@host:folder`; what has a slash before its first colon is a folder. Throws UsageError that
/// begins with `call`; what begins with a minus is no place.
Place place_of(const std::string& call, const std::string& text);

/// Opens it. `make`: where there is no such folder it is made, on this machine with those above it. Throws IoError.
std::unique_ptr<Store> open_place(FileSystem& fs, const Place& place, bool make);

}  // namespace stet::tracking
