// Columns of the table: what they show, and which ones tell runs apart.
#pragma once

#include <string>
#include <vector>

#include "stet/tracking/ui/answers.h"

namespace stet::tracking::ui {

struct Column {
  std::string expression, label;
  std::string kind;  ///< number, text, time, duration, status, tags, bool or size
  query::Term term;
};

/// How the page shows a value of this kind, as Column::kind has it.
const char* kind_of(query::Kind kind);

/// The columns that a request names. A parameter's kind is not known before it has values (set_kinds).
std::vector<Column> given_columns(const std::vector<std::string>& expressions);
/// Gives parameters the kind that their values have; `first`: of the columns' values in each row.
void set_kinds(std::vector<Column>& columns, const std::vector<std::vector<query::Value>>& rows, size_t first);

/// What is the same in all runs, and has no column.
struct Constant {
  std::string expression;
  query::Value value;
};

/// The columns in which the runs differ (reading/telling.h).
struct TellingColumns {
  std::vector<Column> columns;
  std::vector<Constant> constants;
  size_t left_out = 0;  ///< beyond kMostColumns
};
inline constexpr size_t kMostColumns = 60;
TellingColumns telling_columns(RunIndex& index, const std::vector<IndexedRun>& runs, const IndexedNames& names);

}  // namespace stet::tracking::ui
