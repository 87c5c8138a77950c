// The folder of runs that a verb asks.
#pragma once

#include "stet/tracking/cli/verb.h"

namespace stet::tracking::cli {

/// Throws UsageError where the folder that was named by --runs is not there. The one that is meant without --runs may
/// be missing: no program has run here yet.
void require_runs_folder(const Common& common);

}  // namespace stet::tracking::cli
