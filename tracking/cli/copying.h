// What `stet push` and `stet pull` have in common.
#pragma once

#include <string>
#include <vector>

#include "stet/tracking/cli/verb.h"
#include "stet/tracking/exchange/exchange.h"
#include "stet/tracking/exchange/place.h"

namespace stet::tracking::cli {

struct CopyOptions {
  std::string place;
  std::vector<std::string> runs;
  bool dry_run = false;
};

/// Copies, and says what came of it. Returns the exit status.
int copy_runs(Store& from, Store& to, const ChosenRuns& runs, const CopyOptions& options, const Common& common);

/// The runs that words name in a folder of runs on this machine; of no words all.
ChosenRuns runs_here(Store& store, const std::string& runs, const std::vector<std::string>& words);

/// The same on another machine, where there is no index: ids and unique prefixes of them.
ChosenRuns runs_there(Store& store, const std::vector<std::string>& words);

}  // namespace stet::tracking::cli
