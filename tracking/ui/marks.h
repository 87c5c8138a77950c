// What happened to a run at which step, as curves show it.
#pragma once

#include "stet/tracking/json/values.h"
#include "stet/tracking/reading/run_index.h"
#include "stet/tracking/reading/run_view.h"

namespace stet::tracking::ui {

/// Its checkpoints, launches that went on, verifications, and what it was forked from.
Json marks_json(const RunOverview& run, const RunFacts& facts);

}  // namespace stet::tracking::ui
