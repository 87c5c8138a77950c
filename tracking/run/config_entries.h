// The entries of a configuration file as they are read, whatever its form.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tracking/record/text.h"
#include "stet/tracking/run/flags.h"

namespace stet::tracking {

inline constexpr size_t kMostNested = 32;  // objects within one another

class ConfigEntries {
 public:
  /// Throws DataError at `place` where there is no name, or one that is there already.
  void add(const std::string& name, std::string value, const std::string& place, bool is_list = false) {
    if (name.empty()) raise<DataError>("{}: a value has no name", place);
    if (!names_.insert(name).second) raise<DataError>("{}: '{}' is given twice", place, printable(name));
    flags_.push_back({name, std::move(value), is_list});
  }
  std::vector<Flag> take() { return std::move(flags_); }

 private:
  std::vector<Flag> flags_;
  std::set<std::string> names_;
};

/// A configuration in YAML; `path` stands in messages. Throws DataError that names file and line: on what is no map of
/// values, of sequences of values and of maps of such, and on aliases, with which a short file can be endless.
std::vector<Flag> read_yaml(const std::string& path, const std::string& text);

}  // namespace stet::tracking
