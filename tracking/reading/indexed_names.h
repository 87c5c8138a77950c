// What names some runs have, and what can be said of all their values together. Private to reading/ and what shows
// runs.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "stet/tracking/query/expression.h"

namespace stet::tracking {

/// A parameter, over the runs that have it.
struct NamedParameter {
  int64_t runs = 0;
  int64_t distinct = 0;                  ///< values; kMostDistinct: so many or more
  query::Kind kind = query::Kind::none;  ///< of all its values; none: they are of several
  std::vector<query::Value> values;      ///< ascending, where there are no more than kMostListed
  query::Value least, greatest;          ///< of its numbers; none where it has none
  static constexpr size_t kMostDistinct = 4096, kMostListed = 50;
};

/// A series, over the runs that have it.
struct NamedSeries {
  int64_t runs = 0;
  int64_t most_points = 0;
  bool varies = false;  ///< not all of its last values are the same
};

struct IndexedNames {
  std::map<std::string, NamedParameter> params;
  std::map<query::SeriesName, NamedSeries> series;
  std::map<std::string, int64_t> data, tags;  ///< how many runs have it
};

}  // namespace stet::tracking
