// What tells runs apart, and so has columns in a table of them. Private to reading/ and what shows runs.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "stet/tracking/reading/run_index.h"

namespace stet::tracking {

/// Something that runs have.
struct TellingColumn {
  enum class Of : uint8_t { field, param, metric };
  Of of = Of::field;
  std::string label;        ///< the name of the field or parameter; of a metric its name and context
  std::string expression;   ///< as a query has it; a metric stands for its last value
  query::Expression value;  ///< the same, whatever the name is
};

/// What is the same in all runs.
struct TellingConstant {
  TellingColumn column;
  query::Value value;
};

struct Telling {
  std::vector<TellingColumn> columns;      ///< parameters and metrics in turns, those that most runs have first; fields
  std::vector<TellingConstant> constants;  ///< fields, parameters, metrics
};

/// In which of their parameters, metrics but those of the machine, and of `fields` runs differ. Of a single run all its
/// parameters and metrics are columns. `names`: of these runs. `all`: everything is a column, those of the machine too.
Telling tell_apart(RunIndex& index, const std::vector<IndexedRun>& runs, const IndexedNames& names,
                   std::span<const char* const> fields, bool all = false);

}  // namespace stet::tracking
