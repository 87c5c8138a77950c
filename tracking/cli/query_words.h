// What may come next in a query that is being written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stet/tracking/reading/run_index.h"

namespace stet::tracking::cli {

/// Words that may stand at the end of a query.
struct QueryWords {
  size_t begin = 0;  ///< the byte from which they would stand in place of what is there
  std::vector<std::string> words;
};

/// `terms`: it is no condition, but values for columns or for sorting.
QueryWords words_after(std::string_view query, bool terms, RunIndex& index);

}  // namespace stet::tracking::cli
