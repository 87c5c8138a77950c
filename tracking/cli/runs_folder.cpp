#include "stet/tracking/cli/runs_folder.h"

#include <filesystem>

#include "stet/tensor/error.h"

namespace stet::tracking::cli {

void require_runs_folder(const Common& common) {
  if (common.runs == Common().runs || std::filesystem::is_directory(common.runs)) return;
  if (std::filesystem::exists(common.runs)) raise("--runs {}: it is no folder", common.runs);
  raise("--runs {}: no such folder", common.runs);
}

}  // namespace stet::tracking::cli
