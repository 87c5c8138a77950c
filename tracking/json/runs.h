// Runs as JSON: docs/json.md says how.
#pragma once

#include "stet/tracking/json/values.h"
#include "stet/tracking/reading/divergence.h"
#include "stet/tracking/reading/run_view.h"

namespace stet::tracking {

/// A run as `stet show --json` prints it.
Json run_json(const RunOverview& run);
/// What `stet compare --json` prints of two runs.
Json divergence_json(const RunView& first, const RunView& second, const Divergence& found);

}  // namespace stet::tracking
