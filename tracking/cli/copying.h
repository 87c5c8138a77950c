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

/// Copies, and says what came of it. `remarks` are said too. Returns the exit status.
int copy_runs(Store& from, Store& to, const std::vector<std::string>& names, std::vector<std::string> remarks,
              const CopyOptions& options, const Common& common);

/// The names of the run folders that words name in a folder of runs on this machine; of no words all. Links are named
/// in `remarks`.
std::vector<std::string> names_here(Store& store, const std::string& runs, const std::vector<std::string>& words,
                                    std::vector<std::string>& remarks);

/// The same on another machine, where there is no index: ids and unique prefixes of them.
std::vector<std::string> names_there(Store& store, const std::vector<std::string>& words,
                                     std::vector<std::string>& remarks);

}  // namespace stet::tracking::cli
