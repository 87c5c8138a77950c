// Names of tensors that are parts of a cell, or hold several. Private to this folder.
#pragma once

#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "stet/nn/weights/load.h"

namespace stet::nn {

/// Joins and splits, compiled.
class Parts {
 public:
  struct Part {
    std::string whole;  ///< the net's name of what it is a part of
    size_t at, of;
  };

  /// Throws UsageError on a pattern that is no regular expression, and where there are fewer than two parts.
  Parts(const std::vector<Join>& join, const std::vector<Split>& split);
  std::optional<Part> part(const std::string& name) const;
  /// The names of what a tensor of that name holds; none where it is split by nothing.
  std::vector<std::string> held(const std::string& name) const;

 private:
  struct Rule {
    std::regex pattern;
    std::vector<std::string> names;
    size_t at;  // of a part
    size_t of;
  };
  std::vector<Rule> join_, split_;
};

}  // namespace stet::nn
