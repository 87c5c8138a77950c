// What a parsed query comes to for a run.
#pragma once

#include <string>

#include "stet/tracking/query/curve.h"
#include "stet/tracking/query/expression.h"

namespace stet::tracking::query {

/// A run as queries see it. What it lacks is none.
class RunValues {
 public:
  virtual ~RunValues() = default;
  virtual Value field(size_t index) const = 0;  ///< kFields[index]
  virtual Value param(const std::string& name) const = 0;
  virtual Value data_digest(const std::string& name) const = 0;
  virtual Value data_samples(const std::string& name) const = 0;
  virtual List params() const = 0;  ///< their names, and so on
  virtual List metrics() const = 0;
  virtual List data() const = 0;
  /// Null when there is no such series.
  virtual const CurveSummary* summary(const SeriesName& name) const = 0;
  /// The points of a series that has a summary. Throws DataError and IoError.
  virtual const Curve& curve(const SeriesName& name) const = 0;
};

/// Does a condition hold? Always true or false: a comparison with what a run lacks is false.
bool holds(const Expression& condition, const RunValues& run);

/// The value of any expression but a series.
Value evaluate(const Expression& expression, const RunValues& run);

/// Does it take points of a series, and not only what is known of a series as a whole?
bool reads_curves(const Expression& expression);

/// Calls `visit` with the expression and all in it.
template <class F> void for_each_part(const Expression& expression, const F& visit) {
  visit(expression);
  for (const Expression& operand : expression.operands) for_each_part(operand, visit);
}

bool fits(std::partial_ordering order, Comparator how);

}  // namespace stet::tracking::query
