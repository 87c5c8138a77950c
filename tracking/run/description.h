// What a run is called and what is said of it: no result depends on it, and nothing compares it.
#pragma once

#include <string>
#include <vector>

namespace stet {

/// `run.describe({.name = "wide", .group = "width", .tags = {"base"}, .note = "does width alone help?"})`. The flags
/// --name, --group, --tag, --note and --description override it; `stet tag`, `note` and `rename` change it afterwards.
struct RunDescription {
  std::string name{};   ///< else the program's own
  std::string group{};  ///< of runs that belong together
  std::vector<std::string> tags{};
  std::string note{};         ///< why this run
  std::string description{};  ///< what it is of
};

}  // namespace stet
