// The query language: a recursive descent over the grammar in docs/query.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stet/tracking/query/expression.h"
#include "stet/tracking/query/lexer.h"

namespace stet::tracking::query {

/// What `now` is, and `today` the beginning of the day of by the local calendar: seconds since 1970, UTC.
using Now = double;
Now clock_now();

/// A condition on runs; one without a word holds for all. Throws QueryError.
Expression parse(std::string_view query, Now now = clock_now());

/// A value of a run, for a column or for sorting; of a series it is the last one.
struct Term {
  std::string spelling;
  Expression value;
  bool descending = false;  ///< a minus stood before it
};

/// Terms with commas between them. `sorts`: a minus before one turns its order. Throws QueryError.
std::vector<Term> parse_terms(std::string_view text, bool sorts = false, Now now = clock_now());

}  // namespace stet::tracking::query
