// Names of weights, renamed, and the nearest to a name. Private to this folder.
#pragma once

#include <regex>
#include <span>
#include <string>
#include <vector>

#include "stet/nn/weights/load.h"

namespace stet::nn {

/// Renames, compiled.
class Renames {
 public:
  /// Throws UsageError on a pattern that is no regular expression.
  Renames(const char* who, const std::vector<Rename>& renames);
  std::string operator()(std::string name) const;

 private:
  const char* who_;
  std::vector<std::pair<std::regex, Rename>> renames_;
};

/// Throws UsageError where a pattern matches none of the names.
void require_matches(const char* who, const char* option, std::span<const std::string> patterns,
                     std::span<const std::string> names);

/// Position of the name that takes the fewest edits to become `name`, if those are at most a third of it; else
/// names.size().
size_t nearest(const std::string& name, std::span<const std::string> names);

}  // namespace stet::nn
