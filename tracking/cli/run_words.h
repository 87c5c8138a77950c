// Words that may name runs, or make a condition together.
#pragma once

#include <string>
#include <vector>

#include "stet/tracking/cli/verb.h"
#include "stet/tracking/query/parser.h"

namespace stet::tracking::cli {

/// Throws UsageError where some words name runs and another, which is no part of a condition, doesn't: taken together
/// for a text to search they would find none, and nobody would know why.
void require_all_or_none(const std::vector<std::string>& words, const Common& common);

/// The condition that words make together. Throws QueryError, and UsageError where it is none as one of them names a
/// run: these two don't mix.
query::Expression condition_of(const std::vector<std::string>& words, const Common& common);

/// What is said where words find no run: which run there is not, if it is one word that could be its name.
[[noreturn]] void raise_no_runs(const char* verb, const std::vector<std::string>& words, const Common& common);

}  // namespace stet::tracking::cli
