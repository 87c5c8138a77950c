// A condition in SQL, as far as SQLite can decide it.
#pragma once

#include <string>
#include <vector>

#include "stet/tracking/query/expression.h"

namespace stet::tracking {

/// Over a row `run` of the table of that name: 1 or 0, never NULL.
struct SqlCondition {
  std::string text = "1";
  std::vector<query::Value> bound;  ///< by place, from 1
  bool exact =
      false;  ///< it is the condition; else it only holds wherever the condition does, and runs are left to look at
};

SqlCondition to_sql(const query::Expression& condition);

}  // namespace stet::tracking
