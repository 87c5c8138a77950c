// What a reader should hear of a question that can be asked, and still is likely not meant so. Private to reading/.
#pragma once

#include <string>
#include <vector>

#include "stet/tracking/query/evaluate.h"
#include "stet/tracking/reading/index/database.h"

namespace stet::tracking {

/// A line each: names and contexts that no run has, with the nearest that exists; parameters that are never of the type
/// that they are compared with; a status that there is not; a metric of which every run has several series; words that
/// are searched for and look like operators.
std::vector<std::string> remarks_on(const Database& database, const std::vector<const query::Expression*>& expressions);

}  // namespace stet::tracking
