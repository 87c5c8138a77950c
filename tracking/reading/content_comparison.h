// Holding what a replay logs, metrics, texts, images and artifacts, against what was recorded. Private to reading/.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "stet/tracking/reading/run_view.h"

namespace stet::tracking {

/// What a run logged and kept, by what names it: "metric loss", "text note", "image weights", "artifact table.csv".
/// Each as lines, one a value, to the bit.
using Contents = std::map<std::string, std::vector<std::string>>;

/// Of a run folder and its log, without metrics that vary. `before`: only what was logged before that boundary, and no
/// artifacts, which know none.
Contents contents_of(const std::filesystem::path& run, const LogView& log, std::optional<uint64_t> before = {});

/// What names contents that differ.
std::vector<std::string> differing(const Contents& a, const Contents& b);

/// How contents of that name differ, in words: "step 3: 0.5, and run again 0.25".
std::string how_differing(const std::string& name, const Contents& recorded, const Contents& replayed);

}  // namespace stet::tracking
