// What can be compared, added and looked for in what, as far as it is known before any run is looked at. Each throws
// QueryError at the byte `at`, where the operator stands, or at an operand.
#pragma once

#include <string_view>

#include "stet/tracking/query/expression.h"

namespace stet::tracking::query {

Type type_of(const Value& value);

void check_comparison(std::string_view query, size_t at, const Expression& left, Comparator how,
                      const Expression& right);
void check_membership(std::string_view query, size_t at, const Expression& element, const Expression& list);
void check_has(std::string_view query, size_t at, const Expression& list, const Expression& element);
void check_match(std::string_view query, const Expression& text);
void check_element(std::string_view query, const Expression& element);

/// The type of `left op right`.
Type type_of_arithmetic(std::string_view query, size_t at, Expression::Op op, const Expression& left,
                        const Expression& right);

}  // namespace stet::tracking::query
